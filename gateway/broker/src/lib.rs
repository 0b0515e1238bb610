//! The MQTT edge: listeners, login, access control, limits, retained messages
