"""What a study says: its settings, their comparison, what mattered, and what a confirmation found.

A study comes in as `optuna_search.StudyView`, from any storage (`finished.load_study`).

- `analysis.analyse`: everything that a report says: leader board, effects, importances, doubts
- `record.record_of`: its results alone, as `freeze` keeps them and `decide` reads them
- `leading.leading_settings`, `confirmation.confirm`, `survival.check_survival`: which settings to train again, what
  that says about them, and whether one survived
- `run_comparison.compare_with_first`: single runs against each other
- `pages`: the same as sentences, tables and pages
"""
