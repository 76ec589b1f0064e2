"""The words that say how a message ended, in the languages exports are in, and what they mean together."""

import re

from integrhealth.language.schema import STATUSES
from integrhealth.reading.drafting.words import plain, words_in

WORDS_OF: dict[str, str] = {
    "ok": (
        "ok success succeeded successful successfully complete completed done delivered true pass passed finished"
        " processed sent received accepted green up normal yes committed transferred loaded posted fulfilled acked"
        " ack acknowledge good dlvd deployed paid approved confirmed acknowledged settled captured booked imported"
        " exported published"
        " synced synchronized uploaded downloaded archived resolved closed ended su proc"
        " erfolgreich erfolg erledigt beendet verarbeitet zugestellt gesendet abgeschlossen gebucht ubertragen"
        " quittiert bestatigt versendet empfangen"
        " exito exitoso correcto completado procesado enviado entregado finalizado aceptado recibido"
        " succes reussi termine traite envoye livre recu accepte integre acquitte transmis effectue"
        " sucesso concluido processado recebido entregue completato riuscito elaborato inviato consegnato ricevuto goed"
        " geslaagd voltooid verwerkt verzonden ontvangen afgeleverd gelost resuelto resolu risolto opgelost cerrado"
        " ferme"
    ),
    "partial": (
        "partial partially warning warnings warn complete_warn partial_success partially_succeeded success_with_info"
        " unstable degraded warnung warnungen advertencia advertencias avertissement avertissements avviso parcial"
        " partiel parziale teilweise teilerfolg"
    ),
    "failed": (
        "failed fail failure error errors errored erroneous false aborted abort exception exceptions ko escalated fault"
        " faulted undelivered undeliverable bounced bounce dead crashed crash broken red down nok not_ok no_success"
        " unsuccessful dead_lettered deadletter dlq poisoned invalid faulty unreachable lost corrupt corrupted"
        " nack unexpected unexpectedly exhausted incomplete problem critical disputed returned chargeback fa"
        " fehler fehlerhaft fehlgeschlagen gescheitert misslungen ungultig"
        " fallido fallo fracasado erroneo echec echoue erreur erreurs erronee errado falha falhou erro errore errori"
        " fallito mislukt fout ndlv syst"
    ),
    "timeout": (
        "timeout timedout timed_out time_out expired deadline_exceeded zeituberschreitung abgelaufen expirado expire"
    ),
    "rejected": (
        "rejected reject rejection refused denied declined unauthorized forbidden blocked filtered throttled"
        " rate_limited quarantined abgelehnt abgewiesen zuruckgewiesen verweigert rechazado rejete refuse rejeitado"
        " rifiutato respinto geweigerd"
    ),
    "skipped": (
        "skipped skip ignored discarded suppressed not_run no_data halted not_built duplicate disabled unchanged"
        " ubersprungen ignoriert omitido ignorado ignore saltato dubbel"
    ),
    "held": (
        "held on_hold hold holding suspended paused scheduled manual blocked_manual delayed parked on_ice angehalten"
        " zuruckgestellt gesperrt retenido suspendido bloque suspendu sospeso oh oi"
    ),
    "pending": (
        "pending running inprogress in_progress processing queued waiting wait new started retry retrying open active"
        " executing created submitted sending accepted_pending in_process in_transit to_be_delivered initiated"
        " scheduled_retry awaiting outstanding ready received_pending unprocessed ongoing enroute sched ru"
        " wartend warten lauft laufend bearbeitung verarbeitung offen ausstehend gestartet neu wiederholung"
        " pendiente en_proceso en_curso proceso curso espera attente en_attente en_cours cours encours in_corso corso"
        " in_attesa attesa pendente em_andamento andamento aguardando wacht bezig behandeling verwerking abierto"
        " ouvert aperto aberto tbdl dlng"
    ),
    "cancelled": (
        "cancelled canceled cancel terminated killed stopped withdrawn revoked superseded voided reversed refunded te"
        " abgebrochen storniert annulliert beendet_durch cancelado anulado annule interrompu annullato geannuleerd"
    ),
}
# The letters that SAP gives its messages.
LETTERS_OF_STATUS = {"S": "ok", "E": "failed", "W": "partial", "A": "failed", "I": "ok"}
NEGATIONS = words_in("not no never without nicht kein keine ohne sin no_ sans pas non senza sem nao geen")
WITH = words_in("with w mit avec con com met")
AGAIN = words_in("retry retrying retried again resend")
STATUS_WORDS = {word: status for status, written in WORDS_OF.items() for word in written.split()}
# Of words that mean different things the first of these says how it ended.
WELL = words_in("ok success succeeded successful successfully")
STRONGEST = ("timeout", "rejected", "failed", "cancelled", "partial")


def status_of(word: str) -> str | None:
    """What a word of a status column means, if it means one thing."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", word.strip())
    words = re.findall(r"[^\W_]+", plain(spaced))
    folded = "_".join(words)
    if folded in STATUSES:
        return folded
    return STATUS_WORDS.get(folded) or STATUS_WORDS.get("".join(words)) or _together(words)


def _meaning(word: str) -> str | None:
    """What one word means, also in the plural or as the languages of Rome decline it: rechazada, traitées."""
    forms = (word, word.removesuffix("s"), word.removesuffix("s").removesuffix("e"))
    endings = tuple(f"{form[:-1]}o" for form in forms[:2] if form.endswith("a"))
    return next((STATUS_WORDS[form] for form in (*forms, *endings) if form in STATUS_WORDS), None)


def _together(words: list[str]) -> str | None:
    """What several words mean together: done with warnings, not delivered, delivery failed, no errors."""
    meanings, well = set(), False
    for before, word in zip(["", *words], words, strict=False):
        meaning = _meaning(word)
        if meaning is not None and before in NEGATIONS:
            meaning = {"ok": "failed", "failed": "ok", "partial": "ok"}.get(meaning)
        elif word in WELL:
            well = True
        if meaning is not None:
            meanings.add(meaning)
    if "ok" in meanings and len(meanings) > 1 and WITH & set(words):
        return "partial"
    if "failed" in meanings and AGAIN & set(words):
        return "pending"
    if len(meanings) == 1:
        return meanings.pop()
    return None if well else next((each for each in STRONGEST if each in meanings), None)
