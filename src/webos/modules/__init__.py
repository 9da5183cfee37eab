"""The standard modules. They come in by the same door as everybody's: found by folder, built on `webos.sdk`."""
