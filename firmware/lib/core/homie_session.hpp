// What the board says during one MQTT connection, and in which order.
#pragma once

#include "homie.hpp"
#include "mqtt_client.hpp"
#include "relay_bank.hpp"

namespace gatehouse {

/// Speaks for the board from the CONNACK to the end of the connection. Things to say are kept as one bit per
/// relay, not as a queue: when the connection is slow the newest state is what goes out, and memory
/// stays bounded.
class HomieSession {
  public:
    /// `system/uptime` is the gateway's clock sample; it must come at least every 30 s.
    static constexpr uint64_t kUptimeEveryMs = 15000;
    /// From the CONNACK to `ready`.
    static constexpr uint64_t kAnnounceMs = 10000;
    /// Publishes that may be unacknowledged while announcing; the rest of the table is for reports.
    static constexpr size_t kAnnounceInFlight = 24;

    HomieSession(mqtt::Client& client, const RelayBank& relays, const Settings& settings,
                 const BoardInfo& info, Chip& chip)
        : client_(client), relays_(relays), settings_(settings), info_(info), chip_(chip) {}

    /// The broker let us in; `session` is the number the commands of this connection must carry.
    void begin(uint32_t session, uint64_t nowMs);
    void end() { step_ = Step::Idle; }
    /// The broker granted the subscriptions.
    void subscribed() { step_ = Step::Ready; }

    /// The relay moved or obeyed: report it. Values follow the report.
    void owe(uint8_t relay);
    /// A setting of the relay may be another.
    void oweSettings(uint8_t relay) {
        for (uint8_t& owed : owedSettings_) {
            owed |= maskOf(relay);
        }
    }
    /// False when there is no room; the gateway's deadline then answers the command.
    bool refuse(const wire::Command& command, wire::Reason reason, uint64_t nowMs);
    /// An order of `$configure` was carried out. False when there is no room, as above.
    bool configured(const wire::Command& order, uint64_t nowMs);
    /// Writes as much as there is room for, reports first.
    void pump(uint64_t nowMs);
    /// The last words of a clean end.
    void sayDisconnected();

    bool ready() const { return step_ == Step::Ready && readyAnnounced_; }
    bool live() const { return step_ != Step::Idle; }
    uint64_t beganMs() const { return beganMs_; }
    uint64_t nextDeadlineMs() const;
    /// The last counter used. It rises over the connections of one boot.
    uint32_t counter() const { return counter_; }

    Text base() const { return {base_, baseSize_}; }
    /// Writes the start of all topics; call when the id is known.
    void setId(Text id);

  private:
    enum class Step : uint8_t {
        Idle,
        State,
        Description,
        System,
        Relays,
        Session,
        Tried,
        Reports,
        Subscribe,
        AwaitSuback,
        Ready,
    };

    /// Not called `bit`, which is a macro of the Arduino core.
    static uint8_t maskOf(uint8_t relay) { return static_cast<uint8_t>(1U << relay); }
    bool publish(Text rest, Text payload, bool retain) {
        return client_.publish(base(), rest, payload, retain);
    }
    bool publishRelay(uint8_t relay, Text property, Text payload);
    bool publishSetting(uint8_t relay, RelaySetting which);
    bool publishDescription();
    bool publishSystem(uint8_t property, uint64_t nowMs);
    bool publishSession(uint64_t nowMs);
    bool publishTried(uint64_t nowMs);
    bool publishReport(uint8_t relay, uint64_t nowMs);
    /// Says what is owed of `relay`, if it is, and keeps the debt when there is no room. Each message has a
    /// bit of its own: two under one bit would start over for ever when there is room for one only.
    template <typename Say>
    static bool pay(uint8_t& owed, uint8_t relay, Say say) {
        if ((owed & maskOf(relay)) == 0) {
            return true;
        }
        if (!say()) {
            return false;
        }
        owed &= static_cast<uint8_t>(~maskOf(relay));
        return true;
    }
    bool pumpOwed(uint64_t nowMs);
    /// One step of the boot order; false when there was no room for it or it waits.
    bool advance(uint64_t nowMs);
    bool advanceRelays();

    mqtt::Client& client_;
    const RelayBank& relays_;
    const Settings& settings_;
    const BoardInfo& info_;
    Chip& chip_;
    char base_[48] = {};
    size_t baseSize_ = 0;

    Step step_ = Step::Idle;
    /// Position within a step that says the same of several things.
    uint8_t item_ = 0;
    bool sessionAnnounced_ = false;
    bool readyAnnounced_ = false;
    uint32_t session_ = 0;
    uint32_t counter_ = 0;
    uint8_t owedReports_ = 0;
    uint8_t owedTargets_ = 0;
    uint8_t owedValues_ = 0;
    uint8_t owedSettings_[kRelaySettings] = {};
    uint64_t beganMs_ = 0;
    uint64_t uptimeDueMs_ = 0;
};

}  // namespace gatehouse
