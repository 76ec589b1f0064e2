"""Whether a text states a problem: good sentences pass, wishes for technology are sent back, in three languages."""

import polars as pl
import pytest

from integrhealth.analyses.audit.five_questions.problem_sentences import (
    MISSING,
    REASONS,
    SENT_BACK,
    STATED,
    problem_verdicts,
)
from integrhealth.sample.purposes import purposes

GOOD = """
Sales commits delivery dates without knowing production capacity. This integration will give them real-time availability.
Nurses write down the same blood pressure in two places and sometimes mix up patients.
The night shift finds out about urgent orders when the truck is already at the gate.
Accountants spend the first week of each month matching bank lines to invoices.
Drivers arrive at closed shops because nobody passes on the changed opening hours.
Spare parts are ordered twice since the workshop cannot see what purchasing has on the way.
Our support team reads customers the wrong delivery date over the phone.
Buyers pay list prices because negotiated discounts never reach the order form.
Payroll receives hours on paper and pays overtime a month late.
Der Vertrieb sagt Liefertermine zu, ohne die Auslastung der Fertigung zu kennen.
Die Buchhaltung tippt jede Rechnung ein zweites Mal ab.
Kunden rufen an, weil sie den Stand ihrer Bestellung nicht sehen.
Disponenten planen mit Beständen von gestern und versprechen ausverkaufte Artikel.
Im Lager werden Pakete falsch adressiert, weil Adressänderungen erst am Abend ankommen.
Lieferanten schicken Mahnungen, da Freigaben wochenlang in Postfächern liegen.
Ventas promete fechas de entrega sin conocer la capacidad de producción.
El almacén prepara pedidos que el cliente ya canceló.
Contabilidad introduce cada factura a mano y cobra con dos semanas de retraso.
Los conductores esperan horas porque nadie avisa de los cambios de muelle.
Los clientes reciben facturas con precios equivocados y reclaman.
""".strip().splitlines()  # noqa: E501
BAD = """
We want all our systems to talk to each other.
More data for everyone.
Integrate the CRM with the ERP.
We need a modern integration platform for our digital transformation.
All applications should be connected in real time.
A single source of truth across the enterprise.
To improve visibility and efficiency.
The API is slow.
Because the vendor recommended it in the project.
360-degree customer view
Automate all processes.
Seamless end-to-end integration of our IT landscape without silos.
Wir wollen, dass alle Systeme miteinander reden.
Alle Daten sollen in Echtzeit verfügbar sein.
Digitalisierung der Prozesse
Wir brauchen eine moderne Plattform und mehr Transparenz.
Queremos que todos nuestros sistemas hablen entre sí.
Necesitamos más datos en tiempo real.
Integrar la plataforma con el CRM para mejorar la eficiencia.
Es wäre schön, wenn die Kunden ein Portal hätten.
""".strip().splitlines()


def judged(*texts, beneficiary=None):
    columns = {"integration": pl.String, "problem": pl.String, "beneficiary": pl.String}
    rows = [(f"flow {place:03}", text, beneficiary) for place, text in enumerate(texts)]
    return problem_verdicts(pl.DataFrame(rows, schema=columns, orient="row")).sort("integration")


@pytest.mark.parametrize("text", GOOD)
def test_a_problem_that_somebody_has_passes(text):
    assert judged(text)["verdict"].item() == STATED


@pytest.mark.parametrize("text", BAD)
def test_a_wish_for_technology_is_sent_back(text):
    assert judged(text)["verdict"].item() == SENT_BACK
    # Naming a beneficiary makes no problem of it.
    assert judged(text, beneficiary="order desk")["verdict"].item() == SENT_BACK


def test_what_a_sound_company_wrote_down_passes():
    texts = [purpose["problem"] for purpose in purposes().values()]
    assert len(texts) > 40
    assert set(judged(*texts, beneficiary="somebody")["verdict"]) == {STATED}


@pytest.mark.parametrize("text", [None, "", "   ", "TBD", "n/a", "-", "?", "todo!", "offen", "pendiente", "\n\t"])
def test_a_text_that_stands_for_none_is_missing(text):
    assert judged(text).row(0)[1:] == (MISSING, None)


LATE = "Customers wait because orders are typed by hand"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Orders come late.", "too short"),
        (f"{LATE}. {LATE}. {LATE}.", "too long"),
        (f"{LATE}\n{LATE}\n{LATE}", "too long"),
        (" ".join([LATE] * 6), "too long"),
        ("Our systems are not connected with each other.", "only technology"),
        ("We want the customers to choose a delivery window.", "a wish"),
        ("Invoices are typed a second time.", "nobody"),
    ],
)
def test_each_reason_is_said(text, reason):
    assert judged(text)["reason"].item() == reason
    assert reason in REASONS


@pytest.mark.parametrize("text", [f"{LATE}.", f"{LATE}", f"{LATE}. {LATE}.", " ".join([LATE] * 5)])
def test_one_sentence_and_one_for_the_remedy_is_no_more_than_that(text):
    assert judged(text)["verdict"].item() == STATED


def test_a_beneficiary_in_the_catalog_is_who_has_it():
    assert judged("Invoices are typed a second time.", beneficiary="receivables clerk")["verdict"].item() == STATED


def test_case_and_order_change_nothing():
    texts = GOOD + BAD
    expected = judged(*texts)["verdict"].to_list()
    assert judged(*(text.upper() for text in texts))["verdict"].to_list() == expected
    assert judged(*reversed(texts))["verdict"].to_list() == expected[::-1]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "=HYPERLINK(1)", "\x1b[31m", "a" * 100_000, "((((*+?"])
def test_hostile_text_is_sent_back_or_missing(text):
    assert judged(text)["verdict"].item() in (SENT_BACK, MISSING)
