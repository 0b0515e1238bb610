// MQTT 3.1.1 packets as bytes: what a broker sends, cut out of a stream, and what a client sends.
#pragma once

#include "text.hpp"

namespace gatehouse::mqtt {

/// Packet types of MQTT 3.1.1, section 2.2.1.
enum class Type : uint8_t {
    Connect = 1,
    Connack = 2,
    Publish = 3,
    Puback = 4,
    Subscribe = 8,
    Suback = 9,
    Pingreq = 12,
    Pingresp = 13,
    Disconnect = 14,
};

/// Packets with a longer body than this are not kept. A command payload has at most 160 bytes and its topic
/// less than 100.
constexpr size_t kBodyMax = 512;
/// A broker that announces a body longer than this is not one of ours.
constexpr uint32_t kAnnouncedMax = 64 * 1024;

/// A packet from the broker; `body` lies in the reader and is valid until its next call.
struct Packet {
    Type type = Type::Connack;
    uint8_t flags = 0;
    Text body;
};

/// The parts of a PUBLISH; views into the packet.
struct Publish {
    Text topic;
    Text payload;
    uint16_t packetId = 0;
    uint8_t qos = 0;
    bool retain = false;
};

/// False for everything MQTT 3.1.1 forbids, and for QoS 2, which this client never subscribes with.
bool parsePublish(const Packet& packet, Publish& out);

/// Cuts packets out of a byte stream that arrives in any pieces.
class Reader {
  public:
    enum class Status : uint8_t {
        /// All bytes are used up, no packet is complete.
        NeedMore,
        Packet,
        /// A PUBLISH too long to keep has passed; `skippedPacketId` is its id, 0 with QoS 0.
        Skipped,
        /// No broker sends this. The stream cannot be read any further.
        Malformed,
    };

    /// Takes bytes off the front of `bytes` until a packet is complete.
    Status next(Text& bytes, Packet& out);
    uint16_t skippedPacketId() const { return skippedId_; }
    void reset() { *this = Reader(); }

  private:
    enum class Stage : uint8_t { Header, Length, Body };

    Status takeHeader(uint8_t byte);
    Status takeLength(uint8_t byte);
    Status takeBody(Text& bytes);
    void noteSkipped(const uint8_t* bytes, size_t size);

    Stage stage_ = Stage::Header;
    uint8_t header_ = 0;
    uint8_t lengthBytes_ = 0;
    uint32_t length_ = 0;
    uint32_t taken_ = 0;
    uint16_t skippedTopicSize_ = 0;
    uint16_t skippedId_ = 0;
    uint8_t body_[kBodyMax];
};

struct ConnectOptions {
    Text clientId;
    Text userName;
    Text password;
    Text willTopic;
    Text willPayload;
    uint16_t keepAliveS = 10;
};

/// Bytes of a fixed header with a remaining length of `remaining` (below 2097152).
size_t headerSize(size_t remaining);
void writeHeader(Writer& out, Type type, uint8_t flags, size_t remaining);
void write16(Writer& out, size_t value);

/// Clean session, retained QoS 1 will.
void writeConnect(Writer& out, const ConnectOptions& options);

}  // namespace gatehouse::mqtt
