"""What aks-engine prints, understood: its lines, how far a run came, and what went wrong."""

from backends.aks_engine.log.engine_log import EngineLog
from backends.aks_engine.log.failures.exits import explain_exit

__all__ = ["EngineLog", "explain_exit"]
