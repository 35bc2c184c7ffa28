"""What ships."""

import os

# From 1.29 on, ONNX Runtime tells its makers of every model that is loaded, unless this is set before it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
