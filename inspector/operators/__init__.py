"""What is known of operators, once: domains, families, quantized twins, and attributes with ONNX's defaults."""
