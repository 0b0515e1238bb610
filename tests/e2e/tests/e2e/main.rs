//! End to end: the daemon as built, the firmware as a process, mosquitto's clients, and a person who taps.

mod accounts;
mod addresses;
mod administration;
mod bad_input;
mod bad_requests;
mod browsers;
mod capture;
mod claim;
mod guessing;
mod home_assistant;
mod hostile;
mod integrations;
mod lies;
mod mail;
mod make_run;
mod moved;
mod notices;
mod presence;
mod provider;
mod restart;
mod revocation;
mod rotation;
mod serial;
mod taps;
mod tokens;
