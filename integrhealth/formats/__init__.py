"""What the kit reads: one small reader per nested format, one for all tables, vendor exports as presets of that one."""

from integrhealth.formats import (
    cloudevents,
    data_factory,
    dbt,
    email_events,
    jaeger,
    jaeger_dependencies,
    logic_apps,
    ocel,
    openlineage,
    otlp,
    powerbi_refreshes,
    prometheus,
    prometheus_api,
    servicenow_tasks,
    slack,
    webhooks,
    xes,
    zipkin,
)
from integrhealth.formats.parsed import Format

# In the order in which a file is tried; each recognises its own by content. Tables are tried after all of these.
FORMATS: tuple[Format, ...] = (
    otlp.FORMAT,
    jaeger.FORMAT,
    jaeger_dependencies.FORMAT,
    zipkin.FORMAT,
    servicenow_tasks.FORMAT,
    logic_apps.FORMAT,
    data_factory.FORMAT,
    cloudevents.FORMAT,
    openlineage.FORMAT,
    prometheus.FORMAT,
    dbt.FORMAT,
    email_events.FORMAT,
    prometheus_api.FORMAT,
    xes.FORMAT,
    ocel.FORMAT,
    slack.FORMAT,
    webhooks.FORMAT,
    powerbi_refreshes.FORMAT,
)
