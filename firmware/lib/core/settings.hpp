// What a board must remember without power.
#pragma once

#include "hardware.hpp"
#include "journal.hpp"
#include "text.hpp"

namespace gatehouse {

/// What a relay does when power returns.
enum class PowerOn : uint8_t { Off = 0, On = 1, Restore = 2 };

Text toText(PowerOn policy);
/// False when `text` is none of `off`, `on`, `restore`.
bool parse(Text text, PowerOn& out);

/// The settings of the board, kept in the journal. Setters return false when the value is not valid or could
/// not be stored; the setting is then as before. Storing what is already stored costs no flash.
class Settings {
  public:
    static constexpr size_t kAuthorityMax = Journal::kValueMax;

    explicit Settings(Flash& flash) : journal_(flash) {}

    /// Reads everything from flash. False when the flash fails; all settings are then the defaults.
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
    PowerOn powerOn(uint8_t relay) const { return powerOn_[relay]; }
    /// Only TLS with a gateway of the stored authority will do.
    bool secured() const { return secured_; }
    /// Reads the certificate (DER) of the home's authority into `out`. False when there is none, it is longer
    /// than `capacity`, or the flash fails.
    bool authority(char* out, size_t capacity, size_t& size);
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
    bool setPowerOn(uint8_t relay, PowerOn policy);
    bool setRelayMask(uint8_t mask);

  private:
    bool store(Key key, Text value);
    bool storeCredential(Text id, Text secret);

    Journal journal_;
    FixedText<32> id_;
    FixedText<128> secret_;
    FixedText<128> candidate_;
    FixedText<128> host_;
    uint16_t port_ = 0;
    PowerOn powerOn_[kRelaysMax] = {};
    uint8_t relayMask_ = 0;
    bool secured_ = false;
};

}  // namespace gatehouse
