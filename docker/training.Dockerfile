# What trains: the project with everything in its lock. Build it in the project's folder:
#   docker build --file docker/training.Dockerfile --tag detection-search-training .
ARG BASE=python:3.11-slim-bookworm@sha256:528257d48c1da0dcecc2e725d1ae34498d60c965f1241e39cd6a85a8859bdf84
FROM ${BASE}
# where pip finds packages, if not where it does by itself
ARG PIP_INDEX_URL

# git: MLflow's runs name the commit. The rest is what OpenCV links to.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git libgl1 libglib2.0-0 \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /srv/detection-search
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY packages packages
RUN pip install --no-cache-dir --no-deps --editable packages/sweeper
COPY conf conf
COPY src src

# The study's folder, data sets and what waits for MLflow: volumes, or lost with the container.
RUN useradd --create-home --uid 10001 trainer \
 && mkdir data multirun outputs .tracking \
 && chown trainer . data multirun outputs .tracking
USER trainer
ENV PYTHONUNBUFFERED=1
ENTRYPOINT ["python", "-m"]
CMD ["src.train", "-m", "hydra/sweeper=optuna"]
