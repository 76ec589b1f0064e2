"""The words that names of columns are made of, and what the words in them mean, in the languages exports are in."""

import re
import unicodedata
from functools import cache


def words_in(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


# Words that column names are made of, most telling first; a name fits when all words of one entry are in it.
WRITTEN: dict[str, str] = {
    "message_id": (
        "message id|msg id|message guid|messageid|msgid|execution id|run id|job id|delivery id|instance id"
        "|session id|transaction id|event id|transfer id|interchange control|control number|build number|guid"
        "|uuid|sid|id|instance|run number|number|nummer|nr|message number|nachrichten id|nachrichten nummer"
        "|vorgangs nummer|vorgang nummer|beleg nummer|beleg nr|message identifiant|identifiant|identificador"
        "|identificativo|numero|record number|reference number|transaction number|tracking number"
        "|transfer number|log id|record id|entry id|batch id|job number|execution number|num|no"
        "|bericht nummer|berichtnummer|bericht id|message no|ref|referencia|event no|identificatie|volgnummer"
    ),
    "trace_id": (
        "trace id|correlation id|correlation|conversation id|conversation|root id|root|flow id|request id"
        "|thread id|korrelation|vorgangs id|session|transaction"
    ),
    "parent_id": "parent id|parent execution|parent instance|father|parent",
    "integration": (
        "integration|interface|flow name|flow|workflow name|workflow|process name|composite|scenario|recipe"
        "|zap|route|operation name|pipeline|job name|job|mapping name|mapping|script|package|task name"
        "|process|schnittstelle|proxy|api|project|interfaz|flux|flujo|flusso|fluxo|traitement|processus"
        "|proceso|processo|tache|tarea|auftrag|program|programm|bot|automation|stream|sync|connection|mission"
        "|dag|chain|schedule|task|dataflow|data flow|iflow|orchestration|service name|plan|object name"
        "|asset name|asset|koppeling|stroom|taak|integracao|integracion|integrazione|integratie|interfaccia"
        "|connector name|feed|campaign|report name"
    ),
    "source": (
        "source system|source app|trigger app|from app|sender component|sender system|sender party|source"
        "|sender|from|origin|origen|quelle|quellsystem|absender|herkunft|remitente|emisor|expediteur|emetteur"
        "|mittente|remetente|producer|publisher|client|caller|emettrice|origine|source application"
        "|application source|src|sending|provider|von|ausgang system|systeme source|remitter|submitter"
        "|initiator system|afzender|bron|bronsysteem|herkomst|van|sistema emisor|sistema emissor"
        "|systeme emetteur|quell system|origem"
    ),
    "target": (
        "target system|target app|action app|to app|receiver component|receiver system|receiver party"
        "|destination|target|receiver|recipient|destino|ziel|zielsystem|empfaenger|destinatario|receptor"
        "|destinataire|recepteur|ricevente|empfanger|to|consumer|subscriber|endpoint|address|webhook url"
        "|callback url|url|uri|backend|upstream|connector|trading partner|partner|counterparty|destinatrice"
        "|cible|nach|vers|dst|dest|receiving|sink|empfanger system|remote host|remote|peer|supplier|vendor"
        "|carrier|lieferant|an|ontvanger|doel|doelsysteem|bestemming|naar|ziel system|sistema receptor"
        "|systeme recepteur"
    ),
    "operation": "operation|action|method|verb|step name|step|task|activity|trigger",
    "object_type": (
        "object type|document type|doc type|message type|entity type|event type|transaction set|topic|event"
        "|belegart|belegtyp|nachrichten typ|idoc type|type message|type document|tipo documento|doctype"
        "|basic type|entity|sobject|document|transaction type|format|art|soort|berichttype|berichtsoort|tipo"
    ),
    "object_id": (
        "object id|order no|order id|order number|document no|record id|business key|reference|file name"
        "|filename|file|path|key|auftrag nummer|auftrags nummer|bestell nummer|beleg nummer|datei name"
        "|dateiname|datei|nom fichier|fichier|archivo|fichero|nome file|invoice number|invoice no|po number"
        "|pedido|commande|order|document|control number"
    ),
    "attempt": (
        "attempt|attempts|retry count|retries|retry|redelivery|tries|delivery count|versuch|versuche"
        "|tentative|tentatives|intento|intentos|tentativi|run count|resends|resend count"
    ),
    "sent_at": (
        "sent at|sent|start time|started at|started|start|startzeit|inicio|begin|queued|created at|created"
        "|timestamp|moment|log start|datetime|date time|date|fecha|datum|time|zeitstempel|occurred|ts|at|run"
        "|sende zeit|gesendet am|gesendet|date debut|heure debut|debut|date heure|dateheure|date envoi|envoi"
        "|envoye|horodatage|zeitpunkt|fecha hora|fecha inicio|hora inicio|fecha envio|enviado|data ora"
        "|data inizio|inizio|data hora|data|beginn|anfang|gestartet|angelegt|erstellt|erfasst|creado|creation"
        "|cree|submitted|initiated|transfer time|transaction date|process date|processed|event time|published"
        "|last start|triggered|launched|posted|recorded|logged|clock|tijdstip|verzonden|aangemaakt|datum tijd"
        "|start tijd|starttijd|data envio|criado|criado em|data criacao|executed|completed on|log stamp|stamp"
    ),
    "received_at": "received at|received|empfangen|eingegangen|recu|recibido|ricevuto|arrival|arrived",
    "finished_at": (
        "finished at|finished|end time|ended at|ended|end|endezeit|ende|run end|completed at|completed"
        "|completion|stopped|closed|fin|updated at|updated|last modified|heure fin|date fin|fecha fin"
        "|hora fin|end zeit|endzeit|endzeitpunkt|beendet|abgeschlossen|finalizado|data fine|fine|termine"
        "|last end|processed|delivered|stop|eind tijd|eindtijd|gereed|afgerond|concluido em|data fim|fim"
        "|stop time"
    ),
    "answered_at": (
        "answered|acknowledged|ack time|responded|response date|response at|reply|mdn time|antwort|reponse"
        "|respuesta|mdn received|ack received|ack date"
    ),
    "status": (
        "status|state|result|outcome|estado|zustand|resultado|ergebnis|disposition|http status|status code"
        "|response code|sc status|return code|exit code|success|succeeded|ok|mdn|statut|etat|stato|situacao"
        "|situacion|verdict|conclusion|phase|resultat|esito|stat"
    ),
    "error_code": (
        "error code|errorcode|fault code|reason code|error category|fault|fehler code|code erreur"
        "|codigo error|codice errore|decline code|reject code|return code"
    ),
    "error_text": (
        "error message|error text|error detail|error description|error|exception|fehlertext|fehler"
        "|failure reason|message|reason|detail|details|text|mensaje|nachricht|fehler meldung|fehlermeldung"
        "|message erreur|libelle erreur|erreur|motif|descripcion error|mensaje error|causa|motivo|errore|erro"
        "|status message|status description|response message|failure|diagnostic|decline reason|remarks|remark"
        "|comments|comment|bemerkung|hinweis|note|meldung|cause|info|observaciones|commentaire|fout melding"
        "|foutmelding|fout|omschrijving fout|mensagem erro|mensagem|detalle error|dettaglio errore|anmerkung"
        "|grund"
    ),
    "actor": (
        "actor|started by|triggered by|created by|initiator|user name|user|username|benutzer|utilisateur"
        "|usuario|utente|executed as|run user|submitted by|requested by|initiated by|run by|modified by"
    ),
    "bytes": (
        "bytes|payload size|file size|message size|size|length|grosse|taille|tamano|dimensione"
        "|bytes transferred|content length|octets|groesse|filesize"
    ),
    "amount": (
        "amount|total amount|net value|betrag|importe|montant|monto|importo|summe|total|price|net amount"
        "|gross amount|order value|wert|bedrag|valor total|importe total|montant ttc|valor"
    ),
    "currency": "currency|curr|wahrung|moneda|devise|divisa|valuta|waehrung",
    "time": (
        "timestamp|datetime|date time|time|date|logged|fecha|datum|zeitstempel|moment|ts|created at|created"
        "|at|horodatage|zeitpunkt|date heure|fecha hora|data ora|clock|epoch|sample time|collected at"
        "|datapoint|recorded|event time|zeit|sampled"
    ),
    "at": (
        "viewed|opened|accessed|delivered|updated at|updated|modified|last modified|sys updated on|timestamp"
        "|datetime|date time|created at|created date|created|time|date|fecha|at|start|started|zeitpunkt"
        "|horodatage|zeit|data|event time|last viewed|run at|erstellt am|erstellt|geandert|aktualisiert"
        "|creado|cree le|actualizado|mis jour|aangemaakt|gewijzigd|creato|modificato|criado|opened at"
    ),
    "created_at": "created at|created|date|datum|fecha|timestamp|time",
    "system": (
        "system|service name|service|application|app|hostname|host|server|computer name|computername|node"
        "|instance|broker|cluster|device|environment|script|source|container|runtime|queue|topic|component"
        "|systeme|sistema|knoten|rechner|serveur|servidor|machine|queue manager|vm|pod|resource|adapter|agent"
        "|site|namespace"
    ),
    "level": (
        "level|severity|log level|loglevel|priority|type|error severity|schweregrad|stufe|gravite|niveau"
        "|nivel|severidad|gravedad|criticality"
    ),
    "site": "logger|class|module|category|source context|file",
    "text": (
        "message|msg|text|details|detail|description|log|title|event|body|mensaje|nachricht|error|meldung"
        "|texte|texto|testo|beschreibung|descripcion|descrizione|libelle|info|summary|subject"
    ),
    "metric": (
        "metric name|metric|counter name|counter|measure|kpi|item|sensor|indicator|parameter|kennzahl"
        "|messgrosse|indicador|indicateur|metrique|metrica|counter path|object counter|series|measurement"
    ),
    "value": "value|reading|wert|valor|valeur|valore|messwert|cooked value|average|avg|val|val num",
    "statistic": "statistic|aggregation",
    "unit": "unit|uom|einheit|unidad|units|unite|unita|einheiten",
    "report": (
        "report name|report|dashboard title|dashboard|workbook|app name|sheet|look|object name|page"
        "|document title|item|view|document|file name|content|site url|bericht|rapport|informe|tablero"
        "|tableau|question|card"
    ),
    "person": (
        "viewer|person|user email|user name|username|user principal name|user id|user|recipient|assigned to"
        "|assignee|owner|requester|benutzer|utilisateur|usuario|utente|nutzer|email|bearbeiter|agente"
        "|technicien|tecnico|behandelaar|asignado|assigne|zugewiesen"
    ),
    "seconds": "seconds|runtime|duration|time spent|runtime seconds|dauer|duree|duracion|time seconds",
    "agent": "user agent|useragent",
    "figures": "figures|kpis|tiles",
    "charts": "charts|visuals|graphs|diagramme|graphiques|graficos",
    "channel": "channel|via|medium",
    "incident": (
        "incident number|incident id|ticket number|ticket id|ticket|issue key|case number|alert id|request id"
        "|incident|issue|case|number|id|alias|key|incident key|incident no|vorfall|storung|incidencia"
        "|ticket nummer|ticket nr|issue id|problem id|event id|ticket no|numero ticket"
        "|numero incidente|meldingsnummer"
    ),
    "team": (
        "team name|team|assignment group|group|owner team|escalation policy|queue|teams|gruppe|equipe|equipo"
        "|bearbeiter gruppe|assigned group|support group|grupo|groupe|gruppo|behandelgroep"
        "|zustandige gruppe|resolver group"
    ),
    "priority": (
        "priority|severity|urgency|impact|prioritat|dringlichkeit|schweregrad|priorite|gravite|prioridad|priorita"
        "|gravedad"
    ),
    "state": "state|status|estado|statut|zustand",
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
    "message_id": "parent father root correlation user thread account customer project system agent server order"
    " invoice",
    "status": "text date time updated changed pending description message reason url row rows record records count id",
    "sent_at": "end ended finished completed duration zone elapsed taken took fin fine ende endzeit bis updated"
    " modified due expected scheduled expires next",
    "finished_at": "duration start started debut inicio beginn zone",
    "source": "type file path port address ip id uuid code count status device agent browser os message",
    "target": "type file path port address ip id uuid code web html self href link log job build count status message",
    "person": "agent count type group team",
    "actor": "agent count type",
    "integration": "id version status number time duration type url count order server count",
    "at": "duration zone",
    "time": "taken elapsed zone duration took",
    "operation": "id number",
    "error_text": "id type count code size number class category rows subject body",
    "text": "id type count code size number",
    "report": "id count",
    "team": "id",
    "system": "client user actor id uuid guid type port ip mode version",
}
FOREIGN = {canonical: frozenset(words.split()) for canonical, words in STRANGE.items()}
LEVELS = words_in(
    "trace debug fine finer finest verbose info information informational notice audit config warn warning error err"
    " critical crit fatal severe emergency emerg alert panic system"
    " log"
)
# What a ticket goes through that no message does.
TICKET_STATES = words_in(
    "open resolved closed solved acknowledged triggered reopened assigned work_in_progress awaiting_user_info on_hold"
    " new pending in_progress hold unassigned escalated investigating identified monitoring"
    " offen gelost geschlossen in_bearbeitung neu abierto abierta resuelto resuelta cerrado cerrada ouvert ouverte"
    " resolu"
    " resolue ferme fermee aperto risolto chiuso opgelost gesloten aberto resolvido fechado"
)
TICKET_NAMES = words_in(
    "ticket incident assignee assigned assignment priority urgency requester acknowledged resolved resolution"
    " technician agent escalation reassignment impact caller opened alert subject sla"
    " storung vorfall betreff bearbeiter prioritat dringlichkeit gelost melder incidencia prioridad asunto asignado"
    " resuelto"
    " sujet priorite technicien resolu demandeur oggetto priorita tecnico risolto onderwerp prioriteit behandelaar"
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
        "s": "s sec secs second seconds sekunden segundos secondes secondi",
        "us": "us usec micros microseconds",
        "ns": "ns nanos nanoseconds",
    }.items()
    for word in written.split()
}
DURATION_NAMES = words_in(
    "duration elapsed took taken latency runtime dauer duracion laufzeit millis ms runduration turnaround"
    " responsetime processingtime executiontime duree durata duracao temps tempo tiempo length lag"
)
# The words of names, and the ends of German compounds, that names run together are taken apart at.
PARTS = frozenset(word for entries in NAMES.values() for entry in entries for word in entry.split()) | words_in(
    "on by in out code name text number no id time date desc total max min avg count rate type"
)
ENDINGS = ("zeitpunkt", "zeit", "nummer", "datum", "meldung", "status", "system", "name", "text", "code")
SHORTEST_COMPOUND = 6
OF_ANY_PART = words_in("name id value code key number date time text type display unixtime timestamp title label epoch")


def plain(text: str) -> str:
    """Small letters without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def words_of(name: str) -> list[str]:
    """The words in the name of a column, small and without accents: messageGUID is message, guid; STARTTIME is two."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    words = [word for word in re.split(r"[^a-z0-9]+", plain(spaced)) if word]
    return [part for word in words for part in taken_apart(word)]


@cache
def taken_apart(word: str) -> tuple[str, ...]:
    """A word that is two run together as the two: starttime, fehlercode, verarbeitungsstatus; others as they are."""
    if word in PARTS or word in UNITS or word in DURATION_NAMES or len(word) < SHORTEST_COMPOUND:
        return (word,)
    for place in range(len(word) - 2, 1, -1):
        if word[:place] in PARTS and word[place:] in PARTS:
            return word[:place], word[place:]
    ending = next((each for each in ENDINGS if word.endswith(each) and len(word) > len(each) + 2), None)
    return (word,) if ending is None else (word.removesuffix(ending), ending)


def core_of(name: str) -> frozenset[str]:
    """The words of the last part of a dotted name, of which a name must have one: client.geo.city is no client, but
    client.name is. Empty where the name has one part only, or the last says nothing by itself.
    """
    whole, _, last = name.rpartition(".")
    words = frozenset(words_of(last)) if whole else frozenset()
    return frozenset() if words <= OF_ANY_PART else words


def name_rank(canonical: str, words: list[str], core: frozenset[str] = frozenset()) -> tuple[int, int] | None:
    """How well a name fits a canonical column, smallest best: by the words that are left over, then by the most telling
    entry; null where no entry fits, or none with a word of `core`.
    """
    if "".join(words) == canonical.replace("_", ""):
        return (-1, 0)
    if FOREIGN.get(canonical, frozenset()) & set(words):
        return None
    fitting = [
        (len(words) - len(entry.split()), place)
        for place, entry in enumerate(NAMES.get(canonical, ()))
        if set(entry.split()) <= set(words) and (not core or core & set(entry.split()))
    ]
    return min(fitting, default=None)
