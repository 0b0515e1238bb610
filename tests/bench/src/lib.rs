//! The load generator that measures a tap beside mosquitto
