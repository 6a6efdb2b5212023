"""A Hydra sweeper on Optuna: `hydra/sweeper=optuna`.

It is generic: it knows Hydra and Optuna, and works in any Hydra app. A task reports and prunes through
`hydra_plugins.optuna_sweeper.trial.current_trial()`.

Hydra's plugin scan executes every module whose name has no leading underscore, at the start of every app and even
if it was imported before. So only what must be found is public, and only `_modules` import Optuna or hold state.
"""
