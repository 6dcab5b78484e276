"""FHIR R4B, out and in: forms, answer sets, scores, levels and tickets as other programs read them.

Plain functions over the values of `assessments` and `escalation`; nothing here opens a database or reads a clock.
What goes out carries a pseudonym and never a name, a telephone, an address or a word of a conversation; what comes in
is checked field by field, and what is refused is said in Chinese without repeating it.

    questionnaire.py  a form → Questionnaire            form_import.py   Questionnaire → the draft of a form
    response.py       answers ↔ QuestionnaireResponse   observation.py   a score → Observations
    risk.py           a level → RiskAssessment          task.py          a ticket → Task
    bundle.py         one administration as a whole     reading.py       JSON from outside → a checked resource
    document.py       a form → the content of its file  names.py         addresses, code systems, LOINC
"""
