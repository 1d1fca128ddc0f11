"""Learning: what the eyes can be taught by the shop's own catalog, kept only where it helps on products left out."""

from app.learning.learn import LearningRefused, Lesson, Teacher, learned
from app.learning.renew import renewed

__all__ = ["LearningRefused", "Lesson", "Teacher", "learned", "renewed"]
