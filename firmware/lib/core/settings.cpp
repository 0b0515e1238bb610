#include "settings.hpp"

#include "wire.hpp"

namespace gatehouse {
namespace {

// Numbers in flash: never give one a second meaning. README.md lists them, with those set aside.
constexpr Key kCredential{1, 0};
constexpr Key kGateway{2, 0};
constexpr Key kWifi{3, 0};
constexpr Key kRelayMask{5, 0};
constexpr Key kAuthority{6, 0};
constexpr Key kCandidateSecret{7, 0};

constexpr Key powerOnKey(uint8_t relay) {
    return {4, relay};
}

constexpr Text kPolicies[] = {"off"_t, "on"_t, "restore"_t};

/// The longest of the records that `load` reads: id and secret.
constexpr size_t kRecordMax = 1 + 32 + 128;

/// Splits "length of the first, first, second", the form of records that hold two texts.
bool splitPair(Text record, Text& first, Text& second) {
    if (record.empty() || static_cast<uint8_t>(record[0]) > record.size - 1) {
        return false;
    }
    const size_t size = static_cast<uint8_t>(record[0]);
    first = record.from(1).first(size);
    second = record.from(1 + size);
    return true;
}

void joinPair(Text first, Text second, Writer& out) {
    out.put(static_cast<char>(static_cast<uint8_t>(first.size))).put(first).put(second);
}

}  // namespace

Text toText(PowerOn policy) {
    return kPolicies[static_cast<size_t>(policy)];
}

bool parse(Text text, PowerOn& out) {
    for (uint8_t at = 0; at < 3; ++at) {
        if (kPolicies[at] == text) {
            out = static_cast<PowerOn>(at);
            return true;
        }
    }
    return false;
}

bool Settings::load() {
    if (!journal_.open()) {
        return false;
    }
    char value[kRecordMax];
    size_t size = 0;
    Text first;
    Text second;
    if (journal_.get(kCredential, value, sizeof value, size) && splitPair({value, size}, first, second) &&
        wire::isBoardId(first)) {
        id_.assign(first);
        secret_.assign(second);
    }
    // The same as the secret: power went between the two writes of its adoption.
    if (journal_.get(kCandidateSecret, value, sizeof value, size) && Text(value, size) != secret()) {
        candidate_.assign({value, size});
    }
    if (journal_.get(kGateway, value, sizeof value, size) && size > 2) {
        port_ = static_cast<uint16_t>(static_cast<uint8_t>(value[0]) | (static_cast<uint8_t>(value[1]) << 8));
        host_.assign(Text(value, size).from(2));
    }
    for (uint8_t relay = 0; relay < kRelaysMax; ++relay) {
        if (journal_.get(powerOnKey(relay), value, sizeof value, size)) {
            parse({value, size}, powerOn_[relay]);
        }
    }
    if (journal_.get(kRelayMask, value, sizeof value, size)) {
        relayMask_ = static_cast<uint8_t>(value[0]);
    }
    secured_ = journal_.has(kAuthority);
    return true;
}

bool Settings::store(Key key, Text value) {
    return journal_.holds(key, value) || journal_.put(key, value);
}

bool Settings::authority(char* out, size_t capacity, size_t& size) {
    return journal_.get(kAuthority, out, capacity, size);
}

bool Settings::setAuthority(Text der) {
    const bool done = der.empty() && !secured_ ? true : store(kAuthority, der);
    secured_ = done ? !der.empty() : secured_;
    return done;
}

bool Settings::storeCredential(Text id, Text secret) {
    char buffer[kRecordMax];
    Writer record(buffer, sizeof buffer);
    joinPair(id, secret, record);
    return store(kCredential, record.text());
}

bool Settings::setCredential(Text id, Text secret) {
    if (!wire::isBoardId(id) || secret.empty() || secret.size > secret_.kCapacity) {
        return false;
    }
    return storeCredential(id, secret) && id_.assign(id) && secret_.assign(secret) && dropCandidateSecret();
}

bool Settings::setCandidateSecret(Text secret) {
    if (secret.empty() || secret.size > candidate_.kCapacity || !store(kCandidateSecret, secret)) {
        return false;
    }
    // The secret we have is no candidate.
    return candidate_.assign(secret == this->secret() ? Text() : secret);
}

bool Settings::adoptCandidateSecret() {
    if (candidate_.empty() || !storeCredential(id(), candidateSecret())) {
        return false;
    }
    secret_.assign(candidateSecret());
    return dropCandidateSecret();
}

bool Settings::dropCandidateSecret() {
    candidate_.assign({});
    return !journal_.has(kCandidateSecret) || journal_.put(kCandidateSecret, {});
}

bool Settings::setGateway(Text host, uint16_t port) {
    if (host.empty() || host.size > host_.kCapacity || port == 0) {
        return false;
    }
    char buffer[2 + 128];
    Writer record(buffer, sizeof buffer);
    record.put(static_cast<char>(static_cast<uint8_t>(port)));
    record.put(static_cast<char>(static_cast<uint8_t>(port >> 8))).put(host);
    if (!store(kGateway, record.text())) {
        return false;
    }
    port_ = port;
    return host_.assign(host);
}

bool Settings::setWifi(Text ssid, Text password) {
    if (ssid.empty() || ssid.size > 32 || password.size > 64) {
        return false;
    }
    char buffer[1 + 32 + 64];
    Writer record(buffer, sizeof buffer);
    joinPair(ssid, password, record);
    return store(kWifi, record.text());
}

bool Settings::setPowerOn(uint8_t relay, PowerOn policy) {
    if (relay >= kRelaysMax || !store(powerOnKey(relay), toText(policy))) {
        return false;
    }
    powerOn_[relay] = policy;
    return true;
}

bool Settings::setRelayMask(uint8_t mask) {
    const char byte = static_cast<char>(mask);
    if (!store(kRelayMask, {&byte, 1})) {
        return false;
    }
    relayMask_ = mask;
    return true;
}

}  // namespace gatehouse
