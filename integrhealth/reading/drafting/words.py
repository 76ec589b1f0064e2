"""The words that names of columns are made of, and what the words in them mean, in the languages exports are in."""

import re

from integrhealth.language.schema import STATUSES


def words_in(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


# Words that column names are made of, most telling first; a name fits when all words of one entry are in it.
WRITTEN: dict[str, str] = {
    "message_id": (
        "message id|msg id|message guid|messageid|msgid|execution id|run id|job id|delivery id|instance id|session id"
        "|transaction id|event id|transfer id|interchange control|control number|build number|guid|uuid|sid|id"
        "|instance|run number|number|nummer|nr"
    ),
    "trace_id": (
        "trace id|correlation id|correlation|conversation id|conversation|root id|root|flow id|request id|thread id"
    ),
    "parent_id": "parent id|parent execution|parent instance|father|parent",
    "integration": (
        "integration|interface|flow name|flow|workflow name|workflow|process name|composite|scenario|recipe|zap|route"
        "|operation name|pipeline|job name|job|mapping name|mapping|script|package|task name|process|schnittstelle"
        "|proxy|api|project|interfaz"
    ),
    "source": (
        "source system|source app|trigger app|from app|sender component|sender system|sender party|source"
        "|sender|from|origin|origen|quelle|quellsystem|absender|herkunft|remitente|emisor|expediteur"
        "|emetteur|mittente|remetente"
        "|producer"
        "|publisher|client|caller"
    ),
    "target": (
        "target system|target app|action app|to app|receiver component|receiver system|receiver party"
        "|destination|target|receiver|recipient|destino"
        "|ziel|zielsystem|empfaenger|destinatario|receptor|destinataire|recepteur|ricevente"
        "|empfanger|to|consumer|subscriber|endpoint|address|webhook url|callback url|url|uri"
        "|backend|upstream|connector|trading partner|partner|counterparty"
    ),
    "operation": "operation|action|method|verb|step name|step|task|activity|trigger",
    "object_type": (
        "object type|document type|doc type|message type|entity type|event type|transaction set|topic|event"
    ),
    "object_id": (
        "object id|order no|order id|order number|document no|record id|business key|reference|file name|filename"
        "|file|path|key"
    ),
    "attempt": "attempt|attempts|retry count|retries|retry|redelivery|tries|delivery count",
    "sent_at": (
        "sent at|sent|start time|started at|started|start|startzeit|inicio|begin|queued|created at|created"
        "|timestamp|moment|log start|datetime|date time|date|fecha|datum|time|zeitstempel|occurred|ts|at|run"
    ),
    "received_at": "received at|received",
    "finished_at": (
        "finished at|finished|end time|ended at|ended|end|endezeit|ende|run end|completed at|completed|completion"
        "|stopped|closed|fin|updated at|updated|last modified"
    ),
    "answered_at": "answered|acknowledged|ack time|responded|response date|response at|reply|mdn time",
    "status": (
        "status|state|result|outcome|estado|zustand|resultado|ergebnis|disposition|http status|status code"
        "|response code|sc status|return code|exit code|success|succeeded|ok|mdn"
    ),
    "error_code": "error code|errorcode|fault code|reason code|error category|fault",
    "error_text": (
        "error message|error text|error detail|error description|error|exception|fehlertext|fehler|failure reason"
        "|message|reason|detail|details|text|mensaje|nachricht"
    ),
    "actor": "actor|started by|triggered by|created by|initiator|user name|user|username",
    "bytes": "bytes|payload size|file size|message size|size|length|grosse",
    "amount": "amount|total amount|net value|betrag|importe",
    "currency": "currency|curr|wahrung|moneda",
    "time": ("timestamp|datetime|date time|time|date|logged|fecha|datum|zeitstempel|moment|ts|created at|created|at"),
    "at": (
        "viewed|opened|accessed|delivered|updated at|updated|modified|last modified|sys updated on|timestamp|datetime"
        "|date time|created at|created date|created|time|date|fecha|at|start|started"
    ),
    "created_at": "created at|created|date|datum|fecha|timestamp|time",
    "system": (
        "system|service name|service|application|app|hostname|host|server|computer name|computername|node|instance"
        "|broker|cluster|device|environment|script|source|container|runtime|queue|topic|component"
    ),
    "level": "level|severity|log level|loglevel|priority|type|error severity",
    "site": "logger|class|module|category|source context|file",
    "text": "message|msg|text|details|detail|description|log|title|event|body|mensaje|nachricht|error",
    "metric": "metric name|metric|counter name|counter|measure|kpi",
    "value": "value|reading|wert|valor",
    "statistic": "statistic|aggregation",
    "unit": "unit|uom|einheit|unidad",
    "report": (
        "report name|report"
        "|dashboard title|dashboard|workbook|app name|sheet|look|object name|page|document title|item|view"
        "|document|file name|content|site url"
    ),
    "person": (
        "viewer|person|user email|user name|username|user principal name|user id|user|recipient|assigned to|assignee"
        "|owner|requester"
    ),
    "seconds": "seconds|runtime|duration|time spent",
    "channel": "channel|via|medium",
    "incident": (
        "incident number|incident id|ticket number|ticket id|ticket|issue key|case number|alert id"
        "|request id|incident|issue"
        "|case|number|id|alias|key"
    ),
    "team": "team name|team|assignment group|group|owner team|escalation policy|queue",
    "state": "state|status|estado",
    "action": "action|change|event|field",
    "document": "document no|document number|document|order|vbeln|delivery",
    "line": "line|item|position|posnr",
    "type": "document type|type|category",
    "quantity": "quantity|qty|menge|cantidad",
    "team_a": "from team|team a|organizer team",
    "team_b": "to team|team b|attendee team",
    "tool": "tool|platform",
    "owner": "owner|responsible",
}
NAMES = {canonical: tuple(entries.split("|")) for canonical, entries in WRITTEN.items()}
# A name with one of these words is about something else.
STRANGE: dict[str, str] = {
    "message_id": "parent father root correlation user thread account customer project system",
    "status": "text date time updated changed pending description message reason url",
    "sent_at": "end ended finished completed duration zone elapsed taken took",
    "finished_at": "duration start started",
    "source": "type file path port address ip id code count status",
    "target": "type file path port address ip id code web html self href link log job build count status",
    "person": "agent count type group team",
    "actor": "agent count type",
    "integration": "id version status number time duration type",
    "at": "duration zone",
    "time": "taken elapsed zone duration took",
    "operation": "id number",
    "error_text": "id type count code size number class category",
    "text": "id type count code size number",
    "report": "id count",
    "team": "id",
    "system": "id type port ip",
}
FOREIGN = {canonical: frozenset(words.split()) for canonical, words in STRANGE.items()}
WORDS_OF: dict[str, str] = {
    "ok": (
        "ok success succeeded successful successfully complete completed done delivered true pass passed finished"
        " processed sent received accepted green up normal yes committed transferred loaded posted fulfilled acked"
        " good dlvd erfolgreich erledigt beendet exito exitoso correcto completado procesado enviado entregado"
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
        " mislukt ndlv syst"
    ),
    "timeout": "timeout timedout timed_out time_out expired deadline_exceeded zeituberschreitung",
    "rejected": "rejected reject refused denied declined unauthorized forbidden blocked filtered throttled rate_limited"
    " abgelehnt rechazado rechazada refuse",
    "skipped": "skipped ignored discarded suppressed not_run no_data halted not_built duplicate ubersprungen omitido",
    "held": "held on_hold hold suspended paused scheduled manual blocked_manual angehalten delayed parked",
    "pending": (
        "pending running inprogress in_progress processing queued waiting new started retry retrying open active"
        " executing created submitted sending accepted_pending in_process to_be_delivered wartend lauft pendiente"
        " tbdl dlng en_proceso en_curso in_corso en_cours"
    ),
    "cancelled": (
        "cancelled canceled terminated killed stopped withdrawn revoked superseded abgebrochen cancelado annule"
    ),
}
# The letters that SAP gives its messages.
LETTERS_OF_STATUS = {"S": "ok", "E": "failed", "W": "partial", "A": "failed", "I": "ok"}
NEGATIONS = frozenset(("not", "no", "never", "nicht", "sin"))
STATUS_WORDS = {word: status for status, written in WORDS_OF.items() for word in written.split()}
LEVELS = words_in(
    "trace debug fine finer finest verbose info information informational notice audit config warn warning error err"
    " critical crit fatal severe emergency emerg alert panic system"
    " log"
)
# What a ticket goes through that no message does.
TICKET_STATES = words_in(
    "open resolved closed solved acknowledged triggered reopened assigned work_in_progress awaiting_user_info on_hold"
    " new pending in_progress hold unassigned escalated investigating identified monitoring"
)
TICKET_NAMES = words_in(
    "ticket incident assignee assigned assignment priority urgency requester acknowledged resolved resolution"
    " technician agent escalation reassignment impact caller opened alert subject sla"
)
REPORT_NAMES = words_in("report dashboard workbook look sheet viewer viewed views")
# The words for the two ends of a message: where two names differ by one of these pairs only, they are the two systems.
ENDS = (
    ("from", "to"),
    ("source", "target"),
    ("source", "destination"),
    ("src", "dst"),
    ("src", "dest"),
    ("sender", "receiver"),
    ("sender", "recipient"),
    ("origin", "destination"),
    ("origen", "destino"),
    ("quelle", "ziel"),
    ("producer", "consumer"),
    ("publisher", "subscriber"),
    ("caller", "callee"),
    ("client", "server"),
    ("upstream", "downstream"),
    ("trigger", "action"),
)
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
DURATION_NAMES = words_in(
    "duration elapsed took taken latency runtime dauer duracion laufzeit millis ms runduration turnaround"
    " responsetime processingtime executiontime"
)
LETTERS = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss", "é": "e", "è": "e", "á": "a", "í": "i", "ó": "o"})
LETTERS |= str.maketrans({"ú": "u", "ñ": "n", "ç": "c", "ã": "a", "ê": "e", "ô": "o"})


def words_of(name: str) -> list[str]:
    """The words in the name of a column, small and without accents: messageGUID is message, guid."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [word for word in re.split(r"[^a-z0-9]+", spaced.lower().translate(LETTERS)) if word]


def name_rank(canonical: str, words: list[str]) -> tuple[int, int] | None:
    """How well a name fits a canonical column, smallest best: by the words that are left over, then by the most telling
    entry; null where no entry fits.
    """
    if "".join(words) == canonical.replace("_", ""):
        return (-1, 0)
    if FOREIGN.get(canonical, frozenset()) & set(words):
        return None
    fitting = [
        (len(words) - len(entry.split()), place)
        for place, entry in enumerate(NAMES.get(canonical, ()))
        if set(entry.split()) <= set(words)
    ]
    return min(fitting, default=None)


def status_of(word: str) -> str | None:
    """What a word of a status column means, if it means one thing."""
    folded = re.sub(r"[^\w]+", "_", word.strip().casefold().translate(LETTERS)).strip("_")
    if folded in STATUSES:
        return folded
    return STATUS_WORDS.get(folded) or STATUS_WORDS.get(folded.replace("_", "")) or _status_of_words(folded.split("_"))


def _status_of_words(words: list[str]) -> str | None:
    """What several words mean together: done with warnings, not delivered, delivery failed."""
    meanings = {
        status for word in words if (status := STATUS_WORDS.get(word) or STATUS_WORDS.get(word.removesuffix("s")))
    }
    if NEGATIONS & set(words):
        return "failed" if meanings == {"ok"} else None
    if "ok" in meanings and {"with", "w"} & set(words):
        return "partial" if meanings & {"partial", "failed", "rejected"} else "ok"
    return meanings.pop() if len(meanings) == 1 else None
