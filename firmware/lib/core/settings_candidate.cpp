// The candidate: what came by the serial port, or over the network, and has yet to prove itself.
#include "settings.hpp"
#include "settings_keys.hpp"
#include "wire.hpp"

namespace gatehouse {

Text toText(Outcome outcome) {
    constexpr Text kWords[] = {""_t,           "changed"_t,     "no-network"_t, "wrong-password"_t,
                               "no-address"_t, "unreachable"_t, "untrusted"_t,  "refused"_t};
    return kWords[static_cast<size_t>(outcome)];
}

bool Settings::isNetwork(Text ssid, Text password) {
    return !ssid.empty() && ssid.size <= kSsidMax && password.size <= kPasswordMax;
}

uint8_t Settings::readMark() {
    char value = 0;
    size_t size = 0;
    return journal_.get(kMark, &value, 1, size) ? static_cast<uint8_t>(value) : uint8_t{0};
}

bool Settings::storeMark(uint8_t mark) {
    const char value = static_cast<char>(mark);
    return store(kMark, {&value, 1});
}

bool Settings::removeCandidate() {
    handedOver_ = false;
    // The mark first: what is left without it is no candidate.
    return remove(kMark) && remove(kNewCredential) && remove(kNewGateway) && remove(kNewWifi) &&
           remove(kNewAuthority);
}

bool Settings::setHandover(Text id, Text secret, Text host, uint16_t port, Text authority) {
    if (trial_ != Trial::None || !wire::isBoardId(id) || secret.empty() || secret.size > kSecretMax ||
        host.empty() || host.size > kHostMax || port == 0 || authority.size > kAuthorityMax) {
        return false;
    }
    // There is room in flash for one candidate beside what counts.
    if (!removeCandidate() || !(authority.empty() || store(kNewAuthority, authority)) ||
        !storePair(kNewCredential, id, secret) || !storeGateway(kNewGateway, host, port)) {
        return false;
    }
    handedOver_ = true;
    return true;
}

bool Settings::tryNetwork(Text ssid, Text password) {
    if (!isNetwork(ssid, password)) {
        return false;
    }
    const bool handover = handedOver_ || trial_ == Trial::Handover;
    uint8_t mark = mark::kNetwork;
    if (handover) {
        mark |= mark::kHandover;
        mark |= journal_.has(kNewAuthority) ? mark::kAuthority : uint8_t{0};
    }
    // Without a mark meanwhile: the new network must not pass for part of the candidate before.
    if (!remove(kMark) || !storePair(kNewWifi, ssid, password) || !storeMark(mark)) {
        return false;
    }
    handedOver_ = ordered_ = false;
    trial_ = handover ? Trial::Handover : Trial::Network;
    loadHome();
    return true;
}

bool Settings::tryHandover() {
    if (!handedOver_) {
        return false;
    }
    const uint8_t mark = mark::kHere | mark::kHandover;
    if (!storeMark(journal_.has(kNewAuthority) ? mark | mark::kAuthority : mark)) {
        return false;
    }
    handedOver_ = false;
    trial_ = Trial::Handover;
    loadHome();
    return true;
}

bool Settings::setNetworkOrder(wire::CommandId id, Text ssid, Text password) {
    if (trial_ != Trial::None || !isNetwork(ssid, password) || !removeCandidate()) {
        return false;
    }
    const NetworkOrder before = order_;
    order_ = {id, Outcome::None};
    // The mark last: without it there is no candidate, and nothing is told of the order.
    if (storeOutcome(Outcome::None) && storePair(kNewWifi, ssid, password) &&
        storeMark(mark::kNetwork | mark::kOrdered)) {
        return true;
    }
    order_ = before;
    return false;
}

void Settings::beginNetworkTrial() {
    trial_ = Trial::Network;
    ordered_ = true;
    loadHome();
}

bool Settings::storeOutcome(Outcome outcome) {
    order_.outcome = outcome;
    char value[9];
    for (size_t at = 0; at < 4; ++at) {
        value[at] = static_cast<char>(order_.id.session >> (8 * at) & 255U);
        value[4 + at] = static_cast<char>(order_.id.seq >> (8 * at) & 255U);
    }
    value[8] = static_cast<char>(outcome);
    return store(kNetworkOrder, {value, sizeof value});
}

void Settings::loadOrder() {
    order_ = NetworkOrder();
    char value[9];
    size_t size = 0;
    if (!journal_.get(kNetworkOrder, value, sizeof value, size) || size != sizeof value ||
        static_cast<uint8_t>(value[8]) > static_cast<uint8_t>(Outcome::Refused)) {
        return;
    }
    for (size_t at = 4; at > 0; --at) {
        order_.id.session = order_.id.session << 8 | static_cast<uint8_t>(value[at - 1]);
        order_.id.seq = order_.id.seq << 8 | static_cast<uint8_t>(value[3 + at]);
    }
    order_.outcome = static_cast<Outcome>(value[8]);
}

bool Settings::adopt() {
    if (trial_ == Trial::None) {
        return true;
    }
    const uint8_t mark = readMark();
    // Without a mark all of it was done before, but for the tidying up.
    if ((mark & mark::kWhole) != 0 && (!storeMark(mark | mark::kWorked) || !finishAdoption())) {
        return false;
    }
    trial_ = Trial::None;
    ordered_ = false;
    loadHome();
    return true;
}

bool Settings::finishAdoption() {
    const uint8_t mark = readMark();
    if ((mark & mark::kHandover) != 0) {
        // The old authority goes first: there is no room in flash for three.
        if (!remove(kAuthority) ||
            ((mark & mark::kAuthority) != 0 && !journal_.copyValue(kNewAuthority, kAuthority)) ||
            !journal_.copyValue(kNewCredential, kCredential) || !journal_.copyValue(kNewGateway, kGateway) ||
            !remove(kCandidateSecret)) {
            return false;
        }
    }
    if ((mark & mark::kOrdered) != 0) {
        loadOrder();
        if (!storeOutcome(Outcome::Changed)) {
            return false;
        }
    }
    const bool network = (mark & mark::kNetwork) == 0 || journal_.copyValue(kNewWifi, kWifi);
    return network && removeCandidate();
}

bool Settings::strikeOut(Outcome why) {
    if ((readMark() & mark::kWorked) != 0) {
        // Too late: what was there before may be gone in part.
        return adopt();
    }
    // Told also when flash does not keep it.
    const bool told = !ordered_ || storeOutcome(why);
    const bool done = removeCandidate() && told;
    trial_ = Trial::None;
    ordered_ = false;
    loadHome();
    return done;
}

}  // namespace gatehouse
