"""What the commands print: tables and sentences. Nothing of it is written into the files of a stage."""
