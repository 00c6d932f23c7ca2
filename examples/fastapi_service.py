"""A FastAPI service that logs each request: what it answered, how long it took, what failed.

Needs ``pip install modeltail fastapi uvicorn``.

    PREDICTIONS=predictions.jsonl uvicorn --app-dir examples fastapi_service:app --workers 4
    curl -H 'Content-Type: application/json' -d '{"text": "my money?"}' 127.0.0.1:8000/predict

The workers write to one file: a line is one `write`, and no line is torn.
"""

from __future__ import annotations

import os
import uuid

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

from exporter.logging import PredictionLogger

ANSWERS = {"money": "refund", "bill": "invoice"}

log = PredictionLogger.to_file(
    os.environ.get("PREDICTIONS", "predictions.jsonl"), model="support_bot", model_version="1"
)
log.environment(["fastapi", "pydantic"])
app = FastAPI()


class Question(BaseModel):
    """What is asked."""

    text: str = Field(max_length=10_000)


class Answer(BaseModel):
    """What the model says, and the id by which a later correction names it."""

    request_id: str
    intent: str
    confidence: float


class Correction(BaseModel):
    """What a person says."""

    request_id: str
    intent: str


def model(text: str) -> tuple[str, float]:
    """Return intent and confidence; stands for your model."""
    if not text.strip():
        raise ValueError("there is no text")
    for word, intent in ANSWERS.items():
        if word in text.lower():
            return intent, 0.9
    return "other", 0.4


@app.post("/predict")
def predict(question: Question) -> Answer:
    """Answer, and log it; a failure is logged and then answered as one."""
    request_id = str(uuid.uuid4())
    try:
        with log.timed(request_id=request_id, input_length=len(question.text)) as attempt:
            intent, confidence = model(question.text)
            attempt.predicted(intent, confidence=confidence, escalated=confidence < 0.5)
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    return Answer(request_id=request_id, intent=intent, confidence=confidence)


@app.post("/correct", status_code=204)
def correct(correction: Correction) -> None:
    """Take the truth, which may come days later."""
    log.label(correction.request_id, correction.intent)
