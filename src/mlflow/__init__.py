"""MLflow: the only package that imports it.

runs/      what a training or a study records to; reading runs back
study/     Optuna callbacks that give a study its run
courier/   the process that delivers what was recorded to the store
spool/     the files in which it waits for the courier
registry/  registered models: packages, versions and aliases
"""
