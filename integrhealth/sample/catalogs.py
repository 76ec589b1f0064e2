"""The catalogs: A has hardly written anything down, B has."""

from integrhealth.sample.landscape import INTEGRATIONS, MONITOR_NAMES, SYSTEMS, TEAMS


def catalog(company: str) -> str:
    """The catalog of a company as YAML."""
    import yaml

    systems = []
    for name, (team, logged, _, _) in SYSTEMS.items():
        aliases = [alias for alias in (logged, MONITOR_NAMES.get(name, name)) if alias != name]
        systems.append({"name": name, "team": team} | ({"aliases": aliases} if aliases else {}))
    integrations = [
        {"name": i.name, "source": i.source, "target": i.target, "level": i.level} for i in INTEGRATIONS.values()
    ]
    document = {
        "company": f"Company {company.upper()}",
        "currency": "EUR",
        "timezone": "Europe/Madrid",
        "teams": [{"name": name, "people": people} for name, people in TEAMS.items()],
        "systems": systems,
        "integrations": integrations,
        "capabilities": [{"name": "order to cash", "entry": "Webshop", "goal": "Bank", "value_per_hour": 5400}],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
