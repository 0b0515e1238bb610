#include "wire.hpp"

namespace gatehouse::wire {
namespace {

constexpr Text kCauses[] = {"command"_t, "button"_t, "boot"_t, "pulse"_t, "interlock"_t};
constexpr Text kReasons[] = {"stale"_t,         "unknown-endpoint"_t, "bad-value"_t, "interlocked"_t,
                             "held-by-pulse"_t, "relay-on"_t,         "not-stored"_t};

bool isIdText(Text text, size_t sizeMax) {
    if (text.empty() || text.size > sizeMax) {
        return false;
    }
    for (size_t at = 0; at < text.size; ++at) {
        const char c = text[at];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) {
            return false;
        }
    }
    return true;
}

/// Reads fields separated by exactly one space; the first thing out of form makes it fail for good.
class Fields {
  public:
    explicit Fields(Text payload) : rest_(payload), ok_(payload.size <= kPayloadMax) {}

    Text word() {
        if (!ok_ || done_) {
            return fail();
        }
        size_t length = 0;
        while (length < rest_.size && rest_[length] != ' ') {
            ++length;
        }
        if (length == 0) {
            return fail();
        }
        const Text field = rest_.first(length);
        done_ = length == rest_.size;
        rest_ = rest_.from(done_ ? length : length + 1);
        return field;
    }

    /// What is left, whatever bytes it is; nothing may be read after it.
    Text rest() {
        if (!ok_ || done_) {
            return fail();
        }
        done_ = true;
        return rest_;
    }

    uint64_t number(uint64_t min, uint64_t max) { return toNumber(word(), min, max); }
    uint32_t number32() { return static_cast<uint32_t>(number(1, 0xffffffffU)); }
    uint32_t session() { return toSession(word()); }

    Text endpoint() {
        const Text field = word();
        size_t slash = 0;
        while (slash < field.size && field[slash] != '/') {
            ++slash;
        }
        if (slash == field.size || !isIdText(field.first(slash), 31) ||
            !isIdText(field.from(slash + 1), 31)) {
            return fail();
        }
        return field;
    }

    Text value() {
        const Text field = word();
        if (field.size > 32) {
            return fail();
        }
        for (size_t at = 0; at < field.size; ++at) {
            if (field[at] < '!' || field[at] > '~') {
                return fail();
            }
        }
        return field;
    }

    Text secret() {
        const Text field = word();
        if (field.size != 64) {
            return fail();
        }
        for (size_t at = 0; at < field.size; ++at) {
            const char c = field[at];
            if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
                return fail();
            }
        }
        return field;
    }

    CommandId obeyed() {
        const Text field = word();
        CommandId id;
        if (field == "-"_t) {
            return id;
        }
        if (field.size < 10 || field[8] != ':') {
            fail();
            return id;
        }
        id.session = toSession(field.first(8));
        id.seq = static_cast<uint32_t>(toNumber(field.from(9), 1, 0xffffffffU));
        return id;
    }

    template <typename Enum, size_t N>
    Enum oneOf(const Text (&names)[N]) {
        const Text field = word();
        for (size_t at = 0; at < N; ++at) {
            if (names[at] == field) {
                return static_cast<Enum>(at);
            }
        }
        fail();
        return Enum{};
    }

    bool complete() const { return ok_ && done_; }

  private:
    Text fail() {
        ok_ = false;
        return {};
    }

    uint64_t toNumber(Text digits, uint64_t min, uint64_t max) {
        if (digits.empty() || (digits[0] == '0' && digits.size > 1)) {
            fail();
            return 0;
        }
        uint64_t value = 0;
        for (size_t at = 0; at < digits.size; ++at) {
            const char c = digits[at];
            if (c < '0' || c > '9') {
                fail();
                return 0;
            }
            const uint64_t digit = static_cast<uint64_t>(c - '0');
            if (value > (max - digit) / 10) {
                fail();
                return 0;
            }
            value = value * 10 + digit;
        }
        if (value < min) {
            fail();
        }
        return value;
    }

    uint32_t toSession(Text digits) {
        if (digits.size != 8) {
            fail();
            return 0;
        }
        uint32_t value = 0;
        for (size_t at = 0; at < 8; ++at) {
            const char c = digits[at];
            uint32_t nibble = 0;
            if (c >= '0' && c <= '9') {
                nibble = static_cast<uint32_t>(c - '0');
            } else if (c >= 'a' && c <= 'f') {
                nibble = static_cast<uint32_t>(c - 'a' + 10);
            } else {
                fail();
            }
            value = (value << 4) | nibble;
        }
        if (value == 0) {
            fail();
        }
        return value;
    }

    Text rest_;
    bool ok_;
    bool done_ = false;
};

}  // namespace

Text toText(Cause cause) {
    return kCauses[static_cast<size_t>(cause)];
}

Text toText(Reason reason) {
    return kReasons[static_cast<size_t>(reason)];
}

bool isBoardId(Text id) {
    return isIdText(id, 32);
}

bool parse(Text payload, SessionStart& out) {
    Fields fields(payload);
    out.session = fields.session();
    out.uptimeMs = fields.number(0, kUptimeMax);
    return fields.complete();
}

bool parse(Text payload, Command& out) {
    Fields fields(payload);
    out.id.session = fields.session();
    out.id.seq = fields.number32();
    out.deadlineMs = fields.number(0, kUptimeMax);
    out.endpoint = fields.endpoint();
    out.value = fields.value();
    return fields.complete();
}

bool parse(Text payload, Report& out) {
    Fields fields(payload);
    out.session = fields.session();
    out.counter = fields.number32();
    out.uptimeMs = fields.number(0, kUptimeMax);
    out.endpoint = fields.endpoint();
    out.value = fields.value();
    out.cause = fields.oneOf<Cause>(kCauses);
    out.obeyed = fields.obeyed();
    return fields.complete();
}

bool parse(Text payload, Refusal& out) {
    Fields fields(payload);
    out.id.session = fields.session();
    out.id.seq = fields.number32();
    out.uptimeMs = fields.number(0, kUptimeMax);
    out.endpoint = fields.endpoint();
    out.reason = fields.oneOf<Reason>(kReasons);
    return fields.complete();
}

bool parse(Text payload, Credential& out) {
    Fields fields(payload);
    out.id.session = fields.session();
    out.id.seq = fields.number32();
    out.secret = fields.secret();
    return fields.complete();
}

bool parse(Text payload, Configured& out) {
    Fields fields(payload);
    out.id.session = fields.session();
    out.id.seq = fields.number32();
    out.uptimeMs = fields.number(0, kUptimeMax);
    out.endpoint = fields.endpoint();
    out.value = fields.value();
    return fields.complete();
}

bool parse(Text payload, Network& out) {
    Fields fields(payload);
    out.id.session = fields.session();
    out.id.seq = fields.number32();
    out.deadlineMs = fields.number(0, kUptimeMax);
    const size_t length = static_cast<size_t>(fields.number(1, kSsidMax));
    const Text both = fields.rest();
    if (!fields.complete() || both.size < length) {
        return false;
    }
    out.ssid = both.first(length);
    out.password = both.from(length);
    return true;
}

bool parse(Text payload, Tried& out) {
    Fields fields(payload);
    out.id.session = fields.session();
    out.id.seq = fields.number32();
    out.uptimeMs = fields.number(0, kUptimeMax);
    out.outcome = fields.value();
    return fields.complete();
}

void encode(const SessionStart& message, Writer& out) {
    out.hex32(message.session).put(' ').number(message.uptimeMs);
}

void encode(const Command& message, Writer& out) {
    out.hex32(message.id.session).put(' ').number(message.id.seq).put(' ');
    out.number(message.deadlineMs).put(' ').put(message.endpoint).put(' ').put(message.value);
}

void encode(const Report& message, Writer& out) {
    out.hex32(message.session).put(' ').number(message.counter).put(' ');
    out.number(message.uptimeMs).put(' ').put(message.endpoint).put(' ').put(message.value);
    out.put(' ').put(toText(message.cause)).put(' ');
    if (message.obeyed.session == 0) {
        out.put('-');
    } else {
        out.hex32(message.obeyed.session).put(':').number(message.obeyed.seq);
    }
}

void encode(const Refusal& message, Writer& out) {
    out.hex32(message.id.session).put(' ').number(message.id.seq).put(' ');
    out.number(message.uptimeMs).put(' ').put(message.endpoint).put(' ').put(toText(message.reason));
}

void encode(const Credential& message, Writer& out) {
    out.hex32(message.id.session).put(' ').number(message.id.seq).put(' ').put(message.secret);
}

void encode(const Configured& message, Writer& out) {
    out.hex32(message.id.session).put(' ').number(message.id.seq).put(' ');
    out.number(message.uptimeMs).put(' ').put(message.endpoint).put(' ').put(message.value);
}

void encode(const Network& message, Writer& out) {
    out.hex32(message.id.session).put(' ').number(message.id.seq).put(' ').number(message.deadlineMs);
    out.put(' ').number(message.ssid.size).put(' ').put(message.ssid).put(message.password);
}

void encode(const Tried& message, Writer& out) {
    out.hex32(message.id.session).put(' ').number(message.id.seq).put(' ');
    out.number(message.uptimeMs).put(' ').put(message.outcome);
}

}  // namespace gatehouse::wire
