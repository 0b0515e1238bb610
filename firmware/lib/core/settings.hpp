// What a board must remember without power.
#pragma once

#include "hardware.hpp"
#include "journal.hpp"
#include "text.hpp"
#include "wire.hpp"

namespace gatehouse {

/// What has become of a network that the gateway ordered. Numbers in flash.
enum class Outcome : uint8_t {
    None = 0,
    Changed = 1,
    NoNetwork = 2,
    WrongPassword = 3,
    NoAddress = 4,
    Unreachable = 5,
    Untrusted = 6,
    Refused = 7
};
Text toText(Outcome outcome);

/// The last order of another network, and what has become of it. Session 0: there is none.
struct NetworkOrder {
    wire::CommandId id;
    Outcome outcome = Outcome::None;
};

/// What a relay does when power returns.
enum class PowerOn : uint8_t { Off = 0, On = 1, Restore = 2 };

Text toText(PowerOn policy);
/// False when `text` is none of `off`, `on`, `restore`.
bool parse(Text text, PowerOn& out);
/// `no-high`, `no-low`, `nc-high` or `nc-low`: the contact, and the level that pulls the relay.
Text toText(Wiring wiring);
bool parse(Text text, Wiring& out);

/// What can be set of a relay, and how it is called on the wire.
enum class RelaySetting : uint8_t { PowerOn, Pulse, Interlock, Wiring };
constexpr uint8_t kRelaySettings = 4;
constexpr Text kRelaySettingNames[kRelaySettings] = {"power-on"_t, "pulse"_t, "interlock"_t, "wiring"_t};

/// Groups of relays of which one at most is on are called 1 to this.
constexpr uint8_t kInterlockMax = 4;
/// The shortest and the longest time after which a relay with a pulse turns itself off.
constexpr uint32_t kPulseMinMs = 100;
constexpr uint32_t kPulseMaxMs = 600000;

/// The settings of the board, kept in the journal. Setters return false when the value is not valid or could
/// not be stored; the setting is then as before. Storing what is already stored costs no flash.
class Settings {
  public:
    static constexpr size_t kAuthorityMax = Journal::kValueMax;
    static constexpr size_t kIdMax = 32;
    static constexpr size_t kSecretMax = 128;
    static constexpr size_t kHostMax = 128;
    static constexpr size_t kSsidMax = 32;
    static constexpr size_t kPasswordMax = 64;

    /// `wiring` is that of relays for which none is stored.
    explicit Settings(Flash& flash, Wiring wiring = Wiring()) : journal_(flash) {
        for (Wiring& one : wiring_) {
            one = wiring;
        }
    }

    /// Reads everything from flash; a candidate that is complete is on trial then, one that is not is struck
    /// out. False when the flash fails; all settings are then the defaults.
    bool load();

    /// The board can log in: it has an id, a secret and a gateway.
    bool provisioned() const { return !id_.empty() && !host_.empty(); }

    Text id() const { return id_.text(); }
    Text secret() const { return secret_.text(); }
    /// A secret that the gateway gave us and has not yet taken; empty when there is none.
    Text candidateSecret() const { return candidate_.text(); }
    /// What to log in with.
    Text loginSecret() const { return candidate_.empty() ? secret() : candidateSecret(); }
    Text gatewayHost() const { return host_.text(); }
    uint16_t gatewayPort() const { return port_; }
    /// The name of the network; empty when there is none.
    Text ssid() const { return ssid_.text(); }
    Text password() const { return password_.text(); }
    /// A relay with a pulse comes back off, whatever is stored.
    PowerOn powerOn(uint8_t relay) const { return pulseMs_[relay] > 0 ? PowerOn::Off : powerOn_[relay]; }
    /// After so long the relay turns itself off; 0: it does not.
    uint32_t pulseMs(uint8_t relay) const { return pulseMs_[relay]; }
    /// The group of which one relay at most is on; 0: none.
    uint8_t interlock(uint8_t relay) const { return interlock_[relay]; }
    Wiring wiring(uint8_t relay) const { return wiring_[relay]; }
    /// Only TLS with a gateway of the stored authority will do.
    bool secured() const { return secured_; }
    /// Reads the certificate (DER) of the home's authority into `out`. False when there is none, it is longer
    /// than `capacity`, or the flash fails.
    bool authority(char* out, size_t capacity, size_t& size);
    /// The eight digits or letters of the home's name in its authority, in lower case. False when there is no
    /// authority, or it is called something else.
    static constexpr size_t kHomeIdSize = 8;
    bool homeId(char (&out)[kHomeIdSize]);
    /// One bit a relay, bit 0 is relay 1: what was last stored for `restore`.
    uint8_t relayMask() const { return relayMask_; }

    /// Both together, so that no power cut leaves one without the other. Strikes out a candidate.
    bool setCredential(Text id, Text secret);
    /// From now on this is what to log in with; the secret stays.
    bool setCandidateSecret(Text secret);
    /// The gateway took the candidate: it is the secret now. False also when it could only not be struck out
    /// as a candidate, which does no harm.
    bool adoptCandidateSecret();
    /// The gateway does not know the candidate.
    bool dropCandidateSecret();
    bool setGateway(Text host, uint16_t port);
    /// `der` is at most kAuthorityMax bytes and taken as it is; empty removes it, and with it TLS. To be
    /// stored before a credential: what gets lost of a log is its end, and a secret must not outlive the
    /// authority.
    bool setAuthority(Text der);
    bool setWifi(Text ssid, Text password);

    /// What came by the serial port is a candidate: while it is on trial, everything above is what it says,
    /// and what was there before stays in flash.
    enum class Trial : uint8_t { None, Network, Handover };
    Trial trial() const { return trial_; }
    /// A handover waits for a network.
    bool handedOver() const { return handedOver_; }
    /// Stores where to log in, as what, and by which authority; empty for none. It is part of the next
    /// candidate, and struck out by a restart before that. Nothing may be on trial.
    bool setHandover(Text id, Text secret, Text host, uint16_t port, Text authority);
    /// Completes the candidate and begins its trial. A handover on trial stays part of it.
    bool tryNetwork(Text ssid, Text password);
    /// Begins the trial of a handover by itself, for the network the board is in.
    bool tryHandover();
    /// Stores a network that the gateway ordered as the candidate; its trial begins with beginNetworkTrial,
    /// or the next boot. Strikes out a handover that waits. Nothing may be on trial.
    bool setNetworkOrder(wire::CommandId id, Text ssid, Text password);
    void beginNetworkTrial();
    /// What is on trial was ordered by the gateway: a login proves it, and nothing less.
    bool ordered() const { return ordered_; }
    const NetworkOrder& networkOrder() const { return order_; }
    static bool isNetwork(Text ssid, Text password);
    /// It has worked: in one step it takes the place of what was there. False when that is not in flash yet;
    /// it may be repeated.
    bool adopt();
    /// It has not: what was there is what counts again, even when false says that flash does not know it.
    bool strikeOut(Outcome why = Outcome::None);

    bool setPowerOn(uint8_t relay, PowerOn policy);
    /// 0, or kPulseMinMs to kPulseMaxMs. With a pulse its power-on policy becomes `off` for good.
    bool setPulse(uint8_t relay, uint32_t ms);
    /// 0 to kInterlockMax.
    bool setInterlock(uint8_t relay, uint8_t group);
    bool setWiring(uint8_t relay, Wiring wiring);
    /// Forgets the home: credential, gateway, authority, network, and what was on trial. What hangs on the
    /// relays is as before, so how they are connected and what they may do stays. In one step, whenever power
    /// goes; the secret is not to be found in flash afterwards. On false all of it is as before.
    bool forget();
    bool setRelayMask(uint8_t mask);

  private:
    bool store(Key key, Text value);
    bool remove(Key key);
    bool storePair(Key key, Text first, Text second);
    bool storeGateway(Key key, Text host, uint16_t port);
    bool removeCandidate();
    /// Carries an adoption that is decided to its end.
    bool finishAdoption();
    uint8_t readMark();
    bool storeMark(uint8_t mark);
    bool storeOutcome(Outcome outcome);
    void loadOrder();
    /// What counts: the candidate on trial, else what was there.
    void loadHome();
    void loadRelays();

    Journal journal_;
    FixedText<kIdMax> id_;
    FixedText<kSecretMax> secret_;
    FixedText<kSecretMax> candidate_;
    FixedText<kHostMax> host_;
    FixedText<kSsidMax> ssid_;
    FixedText<kPasswordMax> password_;
    uint16_t port_ = 0;
    Trial trial_ = Trial::None;
    /// A handover is in flash and waits for a network.
    bool handedOver_ = false;
    bool ordered_ = false;
    NetworkOrder order_;
    PowerOn powerOn_[kRelaysMax] = {};
    uint32_t pulseMs_[kRelaysMax] = {};
    uint8_t interlock_[kRelaysMax] = {};
    Wiring wiring_[kRelaysMax] = {};
    uint8_t relayMask_ = 0;
    bool secured_ = false;
};

}  // namespace gatehouse
