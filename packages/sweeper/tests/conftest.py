from hypothesis import HealthCheck, settings

# how long an example takes says nothing on a machine that is busy; where CI is set, Hypothesis has such a profile
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("few", settings.get_profile("default"), max_examples=20, derandomize=True)
