"""The words that names of columns are made of, and what the words in them mean, in the languages exports are in."""

import re

from integrhealth.language.schema import STATUSES

# Words that column names are made of, most telling first; a name fits when all words of one entry are in it.
NAMES: dict[str, tuple[str, ...]] = {
    "message_id": (
        "message id|msg id|message guid|messageid|msgid|execution id|run id|job id|delivery id|instance id|session id"
        "|transaction id|event id|transfer id|interchange control|control number|build number|guid|uuid|sid|id"
        "|instance|run number|number|nummer|nr"
    ).split("|"),
    "trace_id": (
        "trace id|correlation id|correlation|conversation id|conversation|root id|root|flow id|request id|thread id"
    ).split("|"),
    "parent_id": "parent id|parent execution|parent instance|father|parent".split("|"),
    "integration": (
        "integration|interface|flow name|flow|workflow name|workflow|process name|composite|scenario|recipe|zap|route"
        "|operation name|pipeline|job name|job|mapping name|mapping|script|package|task name|process|schnittstelle"
        "|proxy|api|project|interfaz"
    ).split("|"),
    "source": (
        "source system|source app|trigger app|from app|sender component|sender system|sender party|source|sender|from|origin|origen|quelle|producer"
        "|publisher|client|caller|as2 from"
    ).split("|"),
    "target": (
        "target system|target app|action app|to app|receiver component|receiver system|receiver party|destination|target|receiver|recipient|destino"
        "|ziel|empfanger|partner|trading partner|to|consumer|subscriber|endpoint|webhook url|callback url|url|uri"
        "|backend|upstream|connector|as2 to"
    ).split("|"),
    "operation": "operation|action|method|verb|step name|step|task|activity|trigger".split("|"),
    "object_type": (
        "object type|document type|doc type|message type|entity type|event type|transaction set|topic|event"
    ).split("|"),
    "object_id": (
        "object id|order no|order id|order number|document no|record id|business key|reference|file name|filename"
        "|file|path|key"
    ).split("|"),
    "attempt": "attempt|attempts|retry count|retries|retry|redelivery|tries|delivery count".split("|"),
    "sent_at": (
        "sent at|sent|start time|started at|started|start|startzeit|inicio|begin|queued|created at|created"
        "|timestamp|moment|log start|datetime|date time|date|fecha|datum|time|zeitstempel|occurred|ts|at|run"
    ).split("|"),
    "received_at": "received at|received".split("|"),
    "finished_at": (
        "finished at|finished|end time|ended at|ended|end|endezeit|ende|run end|completed at|completed|completion"
        "|stopped|closed|fin|updated at|updated|last modified"
    ).split("|"),
    "answered_at": "answered|acknowledged|ack time|responded|mdn time".split("|"),
    "status": (
        "status|state|result|outcome|estado|zustand|resultado|ergebnis|disposition|http status|status code"
        "|response code|sc status|return code|exit code|success|succeeded|ok|mdn"
    ).split("|"),
    "error_code": "error code|errorcode|fault code|reason code|error category|fault".split("|"),
    "error_text": (
        "error message|error text|error detail|error description|error|exception|fehlertext|fehler|failure reason"
        "|message|reason|detail|details|text|mensaje|nachricht"
    ).split("|"),
    "actor": "actor|started by|triggered by|created by|initiator|user name|user|username".split("|"),
    "bytes": "bytes|payload size|file size|message size|size|length|grosse".split("|"),
    "amount": "amount|total amount|net value|betrag|importe".split("|"),
    "currency": "currency|curr|wahrung|moneda".split("|"),
    "time": (
        "timestamp|datetime|date time|time|date|logged|fecha|datum|zeitstempel|moment|ts|created at|created|at"
    ).split("|"),
    "at": (
        "viewed|opened|accessed|delivered|updated at|updated|modified|last modified|sys updated on|timestamp|datetime"
        "|date time|created at|created date|created|time|date|fecha|at|start|started"
    ).split("|"),
    "created_at": "created at|created|date|datum|fecha|timestamp|time".split("|"),
    "system": (
        "system|service name|service|application|app|hostname|host|server|computer name|computername|node|instance"
        "|broker|cluster|device|environment|script|source|container|runtime|queue|topic|component"
    ).split("|"),
    "level": "level|severity|log level|loglevel|priority|type|error severity".split("|"),
    "site": "logger|class|module|category|source context|file".split("|"),
    "text": "message|msg|text|details|detail|description|log|title|event|body|mensaje|nachricht|error".split("|"),
    "metric": "metric name|metric|counter name|counter|measure|kpi".split("|"),
    "value": "value|reading|wert|valor".split("|"),
    "statistic": "statistic|aggregation".split("|"),
    "unit": "unit|uom|einheit|unidad".split("|"),
    "report": (
        "report name|report|dashboard title|dashboard|workbook|app name|sheet|look|object name|page|document title"
        "|document|file name|site url|item|view|content"
    ).split("|"),
    "person": (
        "viewer|person|user email|user name|username|user principal name|user id|user|recipient|assigned to|assignee"
        "|owner|requester"
    ).split("|"),
    "seconds": "seconds|runtime|duration|time spent".split("|"),
    "channel": "channel|via|medium".split("|"),
    "incident": (
        "incident number|incident id|ticket number|ticket id|ticket|issue key|case number|alert id|incident|issue"
        "|case|number|id|alias|key"
    ).split("|"),
    "team": "team name|team|assignment group|group|owner team|escalation policy|queue".split("|"),
    "state": "state|status|estado".split("|"),
    "action": "action|change|event|field".split("|"),
    "document": "document no|document number|document|order|vbeln|delivery".split("|"),
    "line": "line|item|position|posnr".split("|"),
    "type": "document type|type|category".split("|"),
    "quantity": "quantity|qty|menge|cantidad".split("|"),
    "team_a": "from team|team a|organizer team".split("|"),
    "team_b": "to team|team b|attendee team".split("|"),
    "tool": "tool|platform".split("|"),
    "owner": "owner|responsible".split("|"),
}
# A name with one of these words is about something else.
FOREIGN: dict[str, frozenset[str]] = {
    "message_id": frozenset("parent father root correlation user thread account customer project system".split()),
    "status": frozenset("text date time updated changed pending description message reason url".split()),
    "sent_at": frozenset("end ended finished completed duration zone elapsed taken took".split()),
    "finished_at": frozenset("duration start started".split()),
    "source": frozenset("type file path port address ip id code".split()),
    "target": frozenset("type file path port address ip id code".split()),
    "person": frozenset("agent count type group team".split()),
    "actor": frozenset("agent count type".split()),
    "integration": frozenset("id version status number time duration type".split()),
    "at": frozenset("duration zone".split()),
    "time": frozenset("taken elapsed zone duration took".split()),
    "operation": frozenset("id number".split()),
    "error_text": frozenset("id type count code size number class category".split()),
    "text": frozenset("id type count code size number".split()),
    "report": frozenset("id count".split()),
    "team": frozenset("id".split()),
    "system": frozenset("id type port ip".split()),
}
WORDS_OF: dict[str, str] = {
    "ok": (
        "ok success succeeded successful successfully complete completed done delivered true pass passed finished"
        " processed sent received accepted green up normal yes committed transferred loaded posted fulfilled acked"
        " good closed_ok erfolgreich erledigt beendet exito exitoso correcto completado procesado enviado entregado"
        " succes termine reussi sucesso concluido completato riuscito goed deployed triggered_ok"
    ),
    "partial": (
        "partial partially warning warn complete_warn completed_with_errors completed_with_warnings partial_success"
        " partially_succeeded success_with_info finished_with_warnings unstable warnung advertencia"
    ),
    "failed": (
        "failed fail failure error errored false aborted abort exception ko escalated faulted fault undelivered"
        " undeliverable bounced dead crashed broken red down nok not_ok no_success unsuccessful dead_lettered dlq"
        " failed_with_errors system_error application_error stopped_with_error poisoned invalid faulty"
        " fehler fehlerhaft fehlgeschlagen error_de_sistema fallido fallida fallo erroneo echec erreur falha errore"
        " mislukt failed_manual recovery_required"
    ),
    "timeout": "timeout timedout timed_out time_out expired deadline_exceeded zeituberschreitung",
    "rejected": "rejected reject refused denied declined unauthorized forbidden blocked filtered throttled rate_limited"
    " abgelehnt rechazado rechazada refuse",
    "skipped": "skipped ignored discarded suppressed not_run no_data halted not_built duplicate ubersprungen omitido",
    "held": "held on_hold hold suspended paused scheduled manual blocked_manual angehalten delayed parked",
    "pending": (
        "pending running inprogress in_progress processing queued waiting new started retry retrying open active"
        " executing created submitted sending accepted_pending in_process to_be_delivered wartend lauft pendiente"
        " en_proceso en_curso in_corso en_cours"
    ),
    "cancelled": "cancelled canceled terminated killed stopped withdrawn revoked superseded abgebrochen cancelado annule",
}
STATUS_WORDS = {word: status for status, written in WORDS_OF.items() for word in written.split()}
LEVELS = frozenset(
    "trace debug fine finer finest verbose info information informational notice audit config warn warning error err"
    " critical crit fatal severe emergency emerg alert panic system"
    " log".split()
)
# What a ticket goes through that no message does.
TICKET_STATES = frozenset(
    "open resolved closed solved acknowledged triggered reopened assigned work_in_progress awaiting_user_info on_hold"
    " new pending in_progress hold unassigned escalated investigating identified monitoring".split()
)
TICKET_NAMES = frozenset(
    "ticket incident assignee assigned assignment priority urgency requester acknowledged resolved resolution"
    " escalation reassignment impact caller opened alert subject sla".split()
)
REPORT_NAMES = frozenset("report dashboard workbook look sheet viewer viewed views".split())
# The units that a name or a value writes, as the mapping has them.
UNITS: dict[str, str] = {
    word: unit
    for unit, written in {
        "ms": "ms msec msecs millis millisecond milliseconds",
        "s": "s sec secs second seconds sekunden segundos",
        "us": "us usec micros microseconds",
        "ns": "ns nanos nanoseconds",
    }.items()
    for word in written.split()
}
DURATION_NAMES = frozenset(
    "duration elapsed took taken latency runtime dauer duracion laufzeit millis ms runduration turnaround"
    " responsetime processingtime executiontime".split()
)
LETTERS = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss", "é": "e", "è": "e", "á": "a", "í": "i", "ó": "o"})
LETTERS |= str.maketrans({"ú": "u", "ñ": "n", "ç": "c", "ã": "a", "ê": "e", "ô": "o"})


def words_of(name: str) -> list[str]:
    """The words in the name of a column, small and without accents: messageGUID is message, guid."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [word for word in re.split(r"[^a-z0-9]+", spaced.lower().translate(LETTERS)) if word]


def name_rank(canonical: str, words: list[str]) -> tuple[int, int, int] | None:
    """How well a name fits a canonical column, smallest best: itself, then the most telling entry; null if none."""
    if "".join(words) == canonical.replace("_", ""):
        return (0, 0, 0)
    if FOREIGN.get(canonical, frozenset()) & set(words):
        return None
    for place, entry in enumerate(NAMES.get(canonical, ())):
        if set(entry.split()) <= set(words):
            return (1, place, len(words))
    return None


def status_of(word: str) -> str | None:
    """What a word of a status column means, if it means one thing."""
    folded = re.sub(r"[^\w]+", "_", word.strip().casefold().translate(LETTERS)).strip("_")
    if folded in STATUSES:
        return folded
    return STATUS_WORDS.get(folded) or STATUS_WORDS.get(folded.replace("_", ""))
