// One MQTT 3.1.1 connection: log in, publish at QoS 1, stay alive, notice a broker gone mute.
#pragma once

#include "mqtt_packet.hpp"

namespace gatehouse::mqtt {

constexpr uint16_t kKeepAliveS = 10;
/// A ping goes out when nothing was sent, or nothing was heard, for this long.
constexpr uint64_t kPingAfterMs = 7500;
/// A broker that leaves a ping unanswered for this long is gone.
constexpr uint64_t kPingAnswerMs = 3000;
/// From the CONNECT to the CONNACK.
constexpr uint64_t kLoginMs = 5000;
/// A broker that acknowledges none of our waiting publishes for this long is gone, pings or not.
constexpr uint64_t kAckMs = 10000;
/// The code of a CONNACK that says that the secret is wrong (MQTT 3.1.1, table 3.1).
constexpr uint8_t kBadUserNameOrPassword = 4;
constexpr uint8_t kNotAuthorized = 5;
/// Publishes that may wait for their PUBACK.
constexpr size_t kInFlightMax = 32;

/// Bytes on their way to the socket. Nothing is ever appended in part.
class OutBuffer {
  public:
    static constexpr size_t kCapacity = 6144;

    Text pending() const { return {bytes_ + head_, size_ - head_}; }
    size_t room() const { return kCapacity - (size_ - head_); }
    void sent(size_t count);
    void clear() { head_ = size_ = 0; }
    /// `count` bytes to fill in, or null when there is no room.
    char* append(size_t count);

  private:
    size_t head_ = 0;
    size_t size_ = 0;
    char bytes_[kCapacity];
};

/// What came out of the received bytes.
struct Incoming {
    enum class Kind : uint8_t {
        /// All bytes are used up.
        Nothing,
        Connected,
        /// The broker refused the login with `code` (MQTT 3.1.1, table 3.1).
        LoginRefused,
        /// `message` is valid until the next call; acknowledge it after its effects are written.
        Message,
        /// A PUBLISH too long to keep; already acknowledged.
        TooLong,
        Subscribed,
        SubscribeRefused,
        /// Forbidden bytes: close the connection.
        Malformed,
    };

    Kind kind = Kind::Nothing;
    uint8_t code = 0;
    Publish message;
};

class Client {
  public:
    /// Forgets the connection before and writes the CONNECT of a new one.
    void start(const ConnectOptions& options, uint64_t nowMs);

    /// Takes bytes off the front of `bytes` until something happened.
    Incoming next(Text& bytes, uint64_t nowMs);
    void acknowledge(const Publish& message);

    /// Room for a PUBLISH at QoS 1 to `topicBase` + `topicRest`, with `payloadSize` bytes to fill in. Null
    /// when the buffer or the table of unacknowledged publishes is full.
    char* beginPublish(Text topicBase, Text topicRest, size_t payloadSize, bool retain);
    bool publish(Text topicBase, Text topicRest, Text payload, bool retain);
    static constexpr size_t kFilters = 4;
    /// All filters, each `topicBase` + its rest, at QoS 1 in one SUBSCRIBE. All but the first may be refused.
    bool subscribe(Text topicBase, const Text (&rests)[kFilters]);
    /// A clean end: the broker drops the will.
    void disconnect();

    /// Sends pings. False when the broker has gone mute.
    bool tick(uint64_t nowMs);
    uint64_t nextDeadlineMs() const;

    size_t inFlight() const { return inFlightCount_; }
    OutBuffer& out() { return out_; }
    const OutBuffer& out() const { return out_; }
    /// Something was handed to the socket: the keep-alive counts from here.
    void sent(size_t count, uint64_t nowMs);

  private:
    Incoming take(const Packet& packet);
    uint16_t newPacketId();
    void forget(uint16_t packetId);
    void puback(uint16_t packetId);
    bool pinging() const { return pingSentMs_ != 0; }

    Reader reader_;
    OutBuffer out_;
    bool connected_ = false;
    uint16_t lastPacketId_ = 0;
    uint16_t subscribeId_ = 0;
    size_t inFlightCount_ = 0;
    uint16_t inFlight_[kInFlightMax] = {};
    uint64_t startedMs_ = 0;
    uint64_t lastSentMs_ = 0;
    uint64_t lastHeardMs_ = 0;
    /// The last instant anybody told us of.
    uint64_t nowMs_ = 0;
    /// Since when publishes wait and none was acknowledged.
    uint64_t waitingSinceMs_ = 0;
    /// 0: no ping is unanswered.
    uint64_t pingSentMs_ = 0;
};

}  // namespace gatehouse::mqtt
