// The payloads of the command, credential and settings extensions, byte by byte as gateway/wire/PROTOCOL.md
// pins them. Both directions of every message are here, because the golden vectors check both.
#pragma once

#include "text.hpp"

namespace gatehouse::wire {

/// No payload of the extensions is longer.
constexpr size_t kPayloadMax = 160;
/// Uptimes and deadlines are milliseconds below 2^63.
constexpr uint64_t kUptimeMax = 0x7fffffffffffffffULL;

/// The name of a network is not longer, in bytes.
constexpr size_t kSsidMax = 32;

enum class Cause : uint8_t { Command, Button, Boot, Pulse, Interlock };
enum class Reason : uint8_t {
    Stale,
    UnknownEndpoint,
    BadValue,
    Interlocked,
    HeldByPulse,
    // Of orders to change settings only.
    RelayOn,
    NotStored
};

Text toText(Cause cause);
Text toText(Reason reason);

/// The identity of a command. Session 0 does not exist, so it stands for "none".
struct CommandId {
    uint32_t session = 0;
    uint32_t seq = 0;
};

struct SessionStart {
    uint32_t session = 0;
    uint64_t uptimeMs = 0;
};

/// `endpoint` and `value` point into the payload that was parsed.
struct Command {
    CommandId id;
    uint64_t deadlineMs = 0;
    Text endpoint;
    Text value;
};

struct Report {
    uint32_t session = 0;
    uint32_t counter = 0;
    uint64_t uptimeMs = 0;
    Text endpoint;
    Text value;
    Cause cause = Cause::Boot;
    CommandId obeyed;
};

struct Refusal {
    CommandId id;
    uint64_t uptimeMs = 0;
    Text endpoint;
    Reason reason = Reason::Stale;
};

/// An order of `$configure` was carried out: `value` is what counts now. It has the form of a command itself.
struct Configured {
    CommandId id;
    uint64_t uptimeMs = 0;
    Text endpoint;
    Text value;
};

/// A new secret: 64 hexadecimal digits that point into the payload that was parsed.
struct Credential {
    CommandId id;
    Text secret;
};

/// Another network: name and password point into the payload that was parsed. They are not checked.
struct Network {
    CommandId id;
    uint64_t deadlineMs = 0;
    Text ssid;
    Text password;
};

/// What has become of an order of `$network`, also one of an earlier session: a word.
struct Tried {
    CommandId id;
    uint64_t uptimeMs = 0;
    Text outcome;
};

/// False for every payload the protocol does not allow; `out` is then unspecified.
bool parse(Text payload, SessionStart& out);
bool parse(Text payload, Command& out);
bool parse(Text payload, Report& out);
bool parse(Text payload, Refusal& out);
bool parse(Text payload, Credential& out);
bool parse(Text payload, Configured& out);
bool parse(Text payload, Network& out);
bool parse(Text payload, Tried& out);

void encode(const SessionStart& message, Writer& out);
void encode(const Command& message, Writer& out);
void encode(const Report& message, Writer& out);
void encode(const Refusal& message, Writer& out);
void encode(const Credential& message, Writer& out);
void encode(const Configured& message, Writer& out);
void encode(const Network& message, Writer& out);
void encode(const Tried& message, Writer& out);

/// Whether `id` may name a board: 1 to 32 characters of `[a-z0-9-]`.
bool isBoardId(Text id);

}  // namespace gatehouse::wire
