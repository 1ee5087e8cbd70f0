"""The parity gate: does a flavour find whom the trained network finds? If not, no bundle.

torch fp32 ─┐
ONNX fp32  ─┤ same frames   detections matched at IoU .5    by size, by condition
TensorRT   ─┼────────────>  recall, precision, IoU, shift ─> passed, failed, not enough data
CPU        ─┘               change of AP50 and MR-2, paired
"""
