#include "settings.hpp"

#include "settings_keys.hpp"
#include "wire.hpp"

namespace gatehouse {
namespace {

constexpr Text kPolicies[] = {"off"_t, "on"_t, "restore"_t};
constexpr Text kWirings[] = {"no-high"_t, "no-low"_t, "nc-high"_t, "nc-low"_t};

constexpr bool isPulse(uint32_t ms) {
    return ms == 0 || (ms >= kPulseMinMs && ms <= kPulseMaxMs);
}

/// The longest of the records that `load` reads: id and secret.
constexpr size_t kRecordMax = 1 + Settings::kIdMax + Settings::kSecretMax;

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

Text toText(Wiring wiring) {
    return kWirings[(wiring.normallyClosed ? 2 : 0) + (wiring.activeLow ? 1 : 0)];
}

bool parse(Text text, Wiring& out) {
    for (uint8_t at = 0; at < 4; ++at) {
        if (kWirings[at] == text) {
            out.normallyClosed = (at & 2) != 0;
            out.activeLow = (at & 1) != 0;
            return true;
        }
    }
    return false;
}

bool Settings::load() {
    if (!journal_.open()) {
        return false;
    }
    uint8_t mark = readMark();
    if ((mark & mark::kWorked) != 0 && finishAdoption()) {
        mark = 0;
    }
    if ((mark & mark::kWhole) != 0) {
        trial_ = (mark & mark::kHandover) != 0 ? Trial::Handover : Trial::Network;
        ordered_ = (mark & mark::kOrdered) != 0;
    } else {
        removeCandidate();
    }
    loadOrder();
    loadHome();
    loadRelays();
    // A board without a home keeps nothing of one: whatever interrupted `forget`, it is finished here.
    if (id_.empty() && ssid_.empty() && !secured_) {
        journal_.eraseSpare();
    }
    return true;
}

void Settings::loadHome() {
    const bool handover = trial_ == Trial::Handover;
    char value[kRecordMax];
    size_t size = 0;
    Text first;
    Text second;
    id_.assign({});
    secret_.assign({});
    candidate_.assign({});
    host_.assign({});
    ssid_.assign({});
    password_.assign({});
    port_ = 0;
    if (journal_.get(handover ? kNewCredential : kCredential, value, sizeof value, size) &&
        splitPair({value, size}, first, second) && wire::isBoardId(first)) {
        id_.assign(first);
        secret_.assign(second);
    }
    // The same as the secret: power went between the two writes of its adoption.
    if (!handover && journal_.get(kCandidateSecret, value, sizeof value, size) &&
        Text(value, size) != secret()) {
        candidate_.assign({value, size});
    }
    if (journal_.get(handover ? kNewGateway : kGateway, value, sizeof value, size) && size > 2) {
        port_ = static_cast<uint16_t>(static_cast<uint8_t>(value[0]) | (static_cast<uint8_t>(value[1]) << 8));
        host_.assign(Text(value, size).from(2));
    }
    const bool newNetwork = trial_ != Trial::None && journal_.has(kNewWifi);
    if (journal_.get(newNetwork ? kNewWifi : kWifi, value, sizeof value, size) &&
        splitPair({value, size}, first, second)) {
        ssid_.assign(first);
        password_.assign(second);
    }
    secured_ = journal_.has(handover ? kNewAuthority : kAuthority);
}

void Settings::loadRelays() {
    char value[kRecordMax];
    size_t size = 0;
    for (uint8_t relay = 0; relay < kRelaysMax; ++relay) {
        if (journal_.get(powerOnKey(relay), value, sizeof value, size)) {
            parse({value, size}, powerOn_[relay]);
        }
        if (journal_.get(wiringKey(relay), value, sizeof value, size)) {
            parse({value, size}, wiring_[relay]);
        }
        if (journal_.get(interlockKey(relay), value, sizeof value, size) &&
            static_cast<uint8_t>(value[0]) <= kInterlockMax) {
            interlock_[relay] = static_cast<uint8_t>(value[0]);
        }
        uint32_t pulse = 0;
        if (journal_.get(pulseKey(relay), value, sizeof value, size) && size == sizeof pulse) {
            memcpy(&pulse, value, sizeof pulse);
            pulseMs_[relay] = isPulse(pulse) ? pulse : 0;
        }
    }
    if (journal_.get(kRelayMask, value, sizeof value, size)) {
        relayMask_ = static_cast<uint8_t>(value[0]);
    }
}

bool Settings::store(Key key, Text value) {
    return journal_.holds(key, value) || journal_.put(key, value);
}

bool Settings::authority(char* out, size_t capacity, size_t& size) {
    return journal_.get(trial_ == Trial::Handover ? kNewAuthority : kAuthority, out, capacity, size);
}

bool Settings::homeId(char (&out)[kHomeIdSize]) {
    // A common name: its number, UTF8String or PrintableString, 18 bytes. The gateway's authority has one, as
    // its subject and as its issuer.
    constexpr Text kCommonName = "\x06\x03\x55\x04\x03"_t;
    constexpr Text kName = "\x12Gatehouse "_t;
    char buffer[kAuthorityMax];
    size_t size = 0;
    if (!authority(buffer, sizeof buffer, size)) {
        return false;
    }
    for (Text rest(buffer, size); rest.size >= kCommonName.size + 1 + kName.size + kHomeIdSize;
         rest = rest.from(1)) {
        if (!rest.startsWith(kCommonName) || !rest.from(kCommonName.size + 1).startsWith(kName)) {
            continue;
        }
        const Text digits = rest.from(kCommonName.size + 1 + kName.size);
        for (size_t at = 0; at < kHomeIdSize; ++at) {
            const char c = digits[at];
            out[at] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            if (!((out[at] >= 'a' && out[at] <= 'z') || (c >= '0' && c <= '9'))) {
                return false;
            }
        }
        return true;
    }
    return false;
}

bool Settings::setAuthority(Text der) {
    const bool done = der.empty() && !secured_ ? true : store(kAuthority, der);
    secured_ = done ? !der.empty() : secured_;
    return done;
}

bool Settings::remove(Key key) {
    return !journal_.has(key) || journal_.put(key, {});
}

bool Settings::storePair(Key key, Text first, Text second) {
    char buffer[kRecordMax];
    Writer record(buffer, sizeof buffer);
    joinPair(first, second, record);
    return store(key, record.text());
}

bool Settings::storeGateway(Key key, Text host, uint16_t port) {
    char buffer[2 + kHostMax];
    Writer record(buffer, sizeof buffer);
    record.put(static_cast<char>(static_cast<uint8_t>(port)));
    record.put(static_cast<char>(static_cast<uint8_t>(port >> 8))).put(host);
    return store(key, record.text());
}

bool Settings::setCredential(Text id, Text secret) {
    if (!wire::isBoardId(id) || secret.empty() || secret.size > secret_.kCapacity) {
        return false;
    }
    return storePair(kCredential, id, secret) && id_.assign(id) && secret_.assign(secret) &&
           dropCandidateSecret();
}

bool Settings::setCandidateSecret(Text secret) {
    if (secret.empty() || secret.size > candidate_.kCapacity || !store(kCandidateSecret, secret)) {
        return false;
    }
    // The secret we have is no candidate.
    return candidate_.assign(secret == this->secret() ? Text() : secret);
}

bool Settings::adoptCandidateSecret() {
    if (candidate_.empty() || !storePair(kCredential, id(), candidateSecret())) {
        return false;
    }
    secret_.assign(candidateSecret());
    return dropCandidateSecret();
}

bool Settings::dropCandidateSecret() {
    candidate_.assign({});
    return remove(kCandidateSecret);
}

bool Settings::setGateway(Text host, uint16_t port) {
    if (host.empty() || host.size > kHostMax || port == 0 || !storeGateway(kGateway, host, port)) {
        return false;
    }
    port_ = port;
    return host_.assign(host);
}

bool Settings::setWifi(Text ssid, Text password) {
    return isNetwork(ssid, password) && storePair(kWifi, ssid, password) && ssid_.assign(ssid) &&
           password_.assign(password);
}

bool Settings::setPowerOn(uint8_t relay, PowerOn policy) {
    if (relay >= kRelaysMax || !store(powerOnKey(relay), toText(policy))) {
        return false;
    }
    powerOn_[relay] = policy;
    return true;
}

bool Settings::setPulse(uint8_t relay, uint32_t ms) {
    if (relay >= kRelaysMax || !isPulse(ms)) {
        return false;
    }
    // The policy first: a relay that lost its pulse again must not come back on.
    if (ms > 0 && !setPowerOn(relay, PowerOn::Off)) {
        return false;
    }
    char value[sizeof ms];
    memcpy(value, &ms, sizeof ms);
    if (!(ms == 0 ? remove(pulseKey(relay)) : store(pulseKey(relay), {value, sizeof value}))) {
        return false;
    }
    pulseMs_[relay] = ms;
    return true;
}

bool Settings::setInterlock(uint8_t relay, uint8_t group) {
    const char value = static_cast<char>(group);
    if (relay >= kRelaysMax || group > kInterlockMax ||
        !(group == 0 ? remove(interlockKey(relay)) : store(interlockKey(relay), {&value, 1}))) {
        return false;
    }
    interlock_[relay] = group;
    return true;
}

bool Settings::setWiring(uint8_t relay, Wiring wiring) {
    if (relay >= kRelaysMax || !store(wiringKey(relay), toText(wiring))) {
        return false;
    }
    wiring_[relay] = wiring;
    return true;
}

bool Settings::forget() {
    if (!journal_.keepOnly(isOfRelays)) {
        return false;
    }
    trial_ = Trial::None;
    handedOver_ = ordered_ = false;
    loadOrder();
    loadHome();
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
