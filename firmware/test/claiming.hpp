// A gateway that claims a board over the network, and the golden exchange of both.
#pragma once

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "serial.hpp"
#include "world.hpp"

namespace gatehouse::test {

/// A text of tests/vectors/claim/exchange.json, which holds nothing but texts.
inline std::string golden(const std::string& name) {
    const char* const vectors = std::getenv("GATEHOUSE_VECTORS");
    std::ifstream file(std::string(vectors == nullptr ? "../tests/vectors" : vectors) +
                       "/claim/exchange.json");
    std::stringstream all;
    all << file.rdbuf();
    const std::string text = all.str();
    const std::string key = "\"" + name + "\": \"";
    const size_t from = text.find(key);
    REQUIRE_MESSAGE(from != std::string::npos, name);
    return text.substr(from + key.size(), text.find('"', from + key.size()) - from - key.size());
}

inline std::string goldenBytes(const std::string& name) {
    const std::string hex = golden(name);
    std::string out;
    for (size_t at = 0; at + 1 < hex.size(); at += 2) {
        out.push_back(static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16)));
    }
    return out;
}

using ClaimKey = char[kClaimKeySize];

inline void copyKey(const std::string& bytes, ClaimKey& out) {
    REQUIRE(bytes.size() == sizeof out);
    std::memcpy(out, bytes.data(), sizeof out);
}

inline std::string message(uint8_t type, const std::string& payload) {
    return std::string(1, static_cast<char>(type)) + littleEndian(payload.size(), 2) + payload;
}

/// The gateway's side, with any secret.
struct Claimer {
    explicit Claimer(const std::string& bytes) {
        copyKey(bytes, secret);
        sealing.publicKey(secret, key);
        const Text part(key, sizeof key);
        ClaimKey hash;
        sealing.hash(&part, 1, hash);
        opening = "\1" + std::string(hash, sizeof hash);
    }

    /// Takes the payload of the board's key message. False when its key is none.
    bool meet(const std::string& board, const std::string& id) {
        const std::string label = "gatehouse claim 1";
        const Text parts[] = {view(label), view(opening), view(board), Text(key, sizeof key)};
        sealing.hash(parts, 4, transcript);
        return sealing.agree(secret, view(board).first(kClaimKeySize), {transcript, sizeof transcript},
                             view(id), keys);
    }
    std::string handover(const std::string& document) {
        std::string bytes = document + std::string(kClaimTagSize, '\0');
        sealing.seal(keys.gateway, {transcript, sizeof transcript}, bytes.data(), document.size());
        return message(4, bytes);
    }

    BearSealing sealing;
    ClaimKey secret = {};
    ClaimKey key = {};
    ClaimKey transcript = {};
    ClaimKeys keys;
    std::string opening;
};

/// A board that is in a network and has no home.
struct ClaimWorld : World {
    ClaimWorld() : World(2) {
        flash = RamFlash();
        Settings settings(flash);
        settings.load();
        settings.setWifi("house"_t, "the password"_t);
        boot();
        post(Event::Kind::WifiUp);
    }

    void pressFlash() {
        post(Event::flashLevel(true, now));
        advance(Debouncer::kStableMs);
        const std::vector<Effect> kept = effects;
        post(Event::flashLevel(false, now));
        advance(Debouncer::kStableMs);
        effects = kept;
    }
    /// The golden board: its chance is the golden secret.
    void drawGolden() {
        const std::string secret = goldenBytes("board_secret");
        chip.next.clear();
        for (size_t at = 0; at < secret.size(); at += 4) {
            uint32_t word = 0;
            std::memcpy(&word, secret.data() + at, sizeof word);
            chip.next.push_back(word);
        }
    }
    /// What it answers. Effects of all of it are in `effects`.
    std::string claim(const std::string& bytes, size_t piece = ClaimWindow::kReceiveMax) {
        std::vector<Effect> all;
        for (size_t at = 0; at < bytes.size(); at += piece) {
            post(Event::claimReceived(view(bytes).from(at).first(std::min(piece, bytes.size() - at)), now));
            all.insert(all.end(), effects.begin(), effects.end());
        }
        effects = all;
        const std::string said = str(board->claimPending());
        board->claimSent(said.size());
        return said;
    }
    /// To where the light blinks.
    std::string meet(Claimer& claimer) {
        post(Event::Kind::ClaimConnected);
        const std::string said = claim(message(1, claimer.opening));
        REQUIRE(said.size() > 3);
        CHECK(claimer.meet(said.substr(3), "relay-a1b2c3"));
        CHECK(claim(message(3, std::string(claimer.key, sizeof claimer.key))).empty());
        return said;
    }
    bool keepsNothing() {
        Settings settings(flash);
        settings.load();
        return !settings.provisioned() && settings.trial() == Settings::Trial::None &&
               !settings.handedOver() && str(settings.ssid()) == "house";
    }
};

}  // namespace gatehouse::test
