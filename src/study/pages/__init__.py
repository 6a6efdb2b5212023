"""How a study, a comparison of runs and a confirmation are shown: sentences, tables, pages.

What is said is found in src/study, the forms are those of src/render; nothing here computes a figure.
"""
