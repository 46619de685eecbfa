# Airflow's own image with the pinned requirements and this project.
FROM apache/airflow:3.3.2-python3.12

ENV PYTHONPATH=/opt/airflow/include:/opt/airflow/plugins \
    BATON_HOME=/opt/airflow/baton \
    DBT_SEND_ANONYMOUS_USAGE_STATS=false \
    GX_ANALYTICS_ENABLED=false

COPY --chown=airflow:0 requirements.txt /opt/airflow/requirements.txt
# Wheels only, but for one small package in plain Python that is published as source.
RUN pip install --no-cache-dir --require-hashes --only-binary :all: --no-binary halo \
    -r /opt/airflow/requirements.txt

COPY --chown=airflow:0 dags /opt/airflow/dags
COPY --chown=airflow:0 plugins /opt/airflow/plugins
COPY --chown=airflow:0 include /opt/airflow/include
COPY --chown=airflow:0 dbt_project /opt/airflow/dbt_project

# The parsed dbt project and the report's queries, which depend on the code alone.
RUN python -m baton.services.prepare

# So that the volume mounted here belongs to the user that writes it.
RUN mkdir -p /opt/airflow/baton
