// A board on the gateway's serial port.
#pragma once

#include "serial.hpp"
#include "world.hpp"

namespace gatehouse::test {

/// What a home is called in its authority, as far as a board reads it.
inline const std::string kAuthorityA = "..\x06\x03\x55\x04\x03\x0c\x12Gatehouse 0123ABcd..";
inline const std::string kAuthorityB = "..\x06\x03\x55\x04\x03\x13\x12Gatehouse WXYZ7890..";

struct SerialWorld : World {
    SerialWorld() : World(2) {}

    /// A board nobody has given anything.
    static SerialWorld bare() {
        SerialWorld world;
        world.flash = RamFlash();
        world.boot();
        return world;
    }
    /// One with a home, a network, and a relay that is on.
    static SerialWorld claimed() {
        SerialWorld world;
        Settings settings(world.flash);
        settings.load();
        settings.setAuthority(view(kAuthorityA));
        settings.setWifi("old"_t, "old password"_t);
        settings.setPowerOn(0, PowerOn::On);
        world.boot();
        return world;
    }

    /// The board's answer to bytes on its serial line. Effects of all of them are in `effects`.
    Frames serial(const std::string& bytes) {
        std::vector<Effect> all;
        for (size_t at = 0; at < bytes.size(); at += Board::kSerialReceiveMax) {
            post(Event::serialReceived(
                view(bytes).from(at).first(std::min(Board::kSerialReceiveMax, bytes.size() - at)), now));
            all.insert(all.end(), effects.begin(), effects.end());
            takeSerial();
        }
        effects = all;
        return answers();
    }
    Frames answers() {
        takeSerial();
        std::string out;
        out.swap(said);
        return framesOf(out);
    }
    void takeSerial() {
        said += str(board->serialPending());
        board->serialSent(board->serialPending().size);
    }

    void handOver(const std::string& document) {
        answers();
        Frames last;
        for (const std::string& rpc : chunkRpcs(document)) {
            last = serial(rpc);
        }
        CHECK(last == Frames{"result 176|stored"});
    }
    std::string progress() { return str(board->progress()); }
    void wifiFails(WifiFailure reason) { post(Event::wifiFailed(reason, now)); }
    std::string network() { return str(board->settings().ssid()) + "/" + str(board->settings().password()); }
    std::string home() {
        char id[Settings::kHomeIdSize];
        Settings& settings = board->settings();
        return str(settings.id()) + ":" + str(settings.secret()) + "@" + str(settings.gatewayHost()) + ":" +
               std::to_string(settings.gatewayPort()) + "/" +
               (settings.homeId(id)  ? std::string(id, sizeof id)
                : settings.secured() ? "?"
                                     : "-");
    }
    bool relayOn() const { return pins.level[0]; }

    std::string said;
};

inline const std::string kOldHome = "relay-a1b2c3:s3cret@gateway.local:1883/0123abcd";
inline const std::string kNewHome = "relay-9:new secret@192.168.1.20:8883/wxyz7890";
inline const std::string kNewDocument = document("relay-9", "new secret", "192.168.1.20", 8883, kAuthorityB);

inline const std::string kUp = "state 4";
inline const std::string kEmpty1 = "result 1";

/// From the handover and the network settings to the way into the network.
inline void tryNew(SerialWorld& world) {
    world.handOver(kNewDocument);
    CHECK(world.serial(networkRpc("new", "new password")) == Frames{"state 3"});
    CHECK(world.asked(Effect::Kind::Join));
    CHECK(world.asked(Effect::Kind::Trust));
    CHECK(world.network() == "new/new password");
    CHECK(world.home() == kNewHome);
}

}  // namespace gatehouse::test
