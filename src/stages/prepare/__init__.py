"""The stage `prepare`: a data set in the form that training needs."""
