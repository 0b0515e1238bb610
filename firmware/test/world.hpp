// A board with a clock in the test's hand and a broker that says what the test wants.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "bearssl_sealing.hpp"
#include "board.hpp"
#include "broker_bytes.hpp"
#include "fakes.hpp"

namespace gatehouse::test {

constexpr char kBase[] = "homie/5/relay-a1b2c3/";

struct World {
    RamFlash flash;
    FakePins pins;
    FakeChip chip;
    BearSealing sealing;
    uint8_t relays = 2;
    bool safe = false;
    Wiring wiring;
    std::unique_ptr<Board> board;
    uint64_t now = 0;
    /// What the board asked for with the last event.
    std::vector<Effect> effects;
    /// All it asked for since the boot.
    std::vector<Effect> history;
    /// Everything it sent since `sent` was last taken.
    std::vector<Sent> outbox;
    std::string stream;
    /// Whether the socket takes bytes.
    bool writable = true;
    /// The session it announced last.
    std::string session;
    unsigned nextId = 100;

    explicit World(uint8_t relayCount = 2) : relays(relayCount) {
        Settings settings(flash);
        settings.load();
        settings.setCredential("relay-a1b2c3"_t, "s3cret"_t);
        settings.setGateway("gateway.local"_t, 1883);
    }

    /// Power comes: a new board over the same pins and flash.
    void boot() {
        now = 0;
        BoardInfo info;
        info.relayCount = relays;
        info.model = "test-model"_t;
        info.firmware = "9.8.7"_t;
        info.mac = "5c:cf:7f:a1:b2:c3"_t;
        info.chipId = "a1b2c3"_t;
        info.restartReason = "power-on"_t;
        info.safe = safe;
        info.wiring = wiring;
        stream.clear();
        outbox.clear();
        history.clear();
        board = std::make_unique<Board>(info, pins, flash, chip, sealing);
        post(Event::Kind::Boot);
    }

    void post(const Event& event) {
        Effects out;
        board->handle(event, out);
        effects.assign(out.begin(), out.end());
        history.insert(history.end(), out.begin(), out.end());
        drain();
    }
    void post(Event::Kind kind) { post(Event::of(kind, now)); }

    void drain() {
        if (writable && !board->pending().empty()) {
            stream += str(board->pending());
            board->sent(board->pending().size, now);
            for (Sent& sent : takePackets(stream)) {
                if (sent.topic == std::string(kBase) + "$session") {
                    session = sent.payload.substr(0, 8);
                }
                outbox.push_back(std::move(sent));
            }
        }
    }

    void receive(const std::string& bytes) { post(Event::received(view(bytes), now)); }

    /// Lets time pass the way an adapter does: a tick whenever the board wants one.
    void advance(uint64_t ms) {
        const uint64_t until = now + ms;
        std::vector<Effect> all;
        while (true) {
            const uint64_t due = board->nextDeadlineMs();
            now = due > until ? until : due < now ? now : due;
            post(Event::Kind::Tick);
            all.insert(all.end(), effects.begin(), effects.end());
            if (now == until && board->nextDeadlineMs() > until) {
                break;
            }
        }
        effects = all;
    }

    std::vector<Sent> take() {
        std::vector<Sent> out;
        out.swap(outbox);
        return out;
    }

    /// Acknowledges publishes and subscriptions, also those sent in answer; returns all of them.
    std::vector<Sent> settle() {
        std::vector<Sent> all;
        while (!outbox.empty()) {
            for (const Sent& sent : take()) {
                all.push_back(sent);
                if (sent.type == 3) {
                    receive(puback(sent.id));
                } else if (sent.type == 8) {
                    receive(suback(sent.id));
                } else if (sent.type == 12) {
                    receive(pingresp());
                }
            }
        }
        return all;
    }

    /// From Wi-Fi to `ready`; what was said on the way.
    std::vector<Sent> connect() {
        post(Event::Kind::WifiUp);
        return logIn();
    }
    std::vector<Sent> logIn() {
        post(Event::Kind::Connected);
        std::vector<Sent> said = take();
        receive(connack());
        for (const Sent& sent : settle()) {
            said.push_back(sent);
        }
        return said;
    }

    /// A command on the wire; `id` empty: of the present session.
    void command(unsigned seq, const std::string& endpoint, const std::string& value,
                 uint64_t deadline = 1000000, const std::string& id = "") {
        const std::string payload = (id.empty() ? session : id) + " " + std::to_string(seq) + " " +
                                    std::to_string(deadline) + " " + endpoint + " " + value;
        receive(publish(std::string(kBase) + "$command", payload, 1, nextId++));
    }

    /// An order of `$configure` on the wire.
    void configure(unsigned seq, const std::string& endpoint, const std::string& value,
                   uint64_t deadline = 1000000, const std::string& id = "") {
        const std::string payload = (id.empty() ? session : id) + " " + std::to_string(seq) + " " +
                                    std::to_string(deadline) + " " + endpoint + " " + value;
        receive(publish(std::string(kBase) + "$configure", payload, 1, nextId++));
    }

    void press(uint8_t button) {
        post(Event::buttonLevel(button, true, now));
        advance(50);
        const std::vector<Effect> kept = effects;
        post(Event::buttonLevel(button, false, now));
        advance(50);
        effects = kept;
    }

    bool logged(Notice notice) const {
        return std::any_of(effects.begin(), effects.end(), [notice](const Effect& effect) {
            return effect.kind == Effect::Kind::Log && effect.notice == notice;
        });
    }
    bool asked(Effect::Kind kind) const {
        return std::any_of(effects.begin(), effects.end(),
                           [kind](const Effect& effect) { return effect.kind == kind; });
    }
    bool everLogged(Notice notice) const {
        return std::any_of(history.begin(), history.end(), [notice](const Effect& effect) {
            return effect.kind == Effect::Kind::Log && effect.notice == notice;
        });
    }
    bool everAsked(Effect::Kind kind) const {
        return std::any_of(history.begin(), history.end(),
                           [kind](const Effect& effect) { return effect.kind == kind; });
    }
};

/// `topic payload`, with the topic from the board's own name on.
inline std::vector<std::string> words(const std::vector<Sent>& sent) {
    std::vector<std::string> out;
    for (const Sent& one : sent) {
        if (one.type == 3) {
            const std::string base = kBase;
            out.push_back((one.topic.rfind(base, 0) == 0 ? one.topic.substr(base.size()) : one.topic) + " " +
                          one.payload);
        } else {
            out.push_back("packet " + std::to_string(one.type));
        }
    }
    return out;
}

inline bool contains(const std::vector<std::string>& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// Stores a policy in the flash, before the board boots.
inline void setPolicy(World& world, uint8_t relay, PowerOn policy) {
    Settings settings(world.flash);
    settings.load();
    settings.setPowerOn(relay, policy);
}

}  // namespace gatehouse::test
