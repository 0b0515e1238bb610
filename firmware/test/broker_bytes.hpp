// The broker's side of MQTT 3.1.1, written a second time and by hand, so that the codec is not checked
// against itself.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace gatehouse::test {

struct Sent {
    int type = 0;
    int flags = 0;
    std::string topic;
    std::string payload;
    unsigned id = 0;
    /// Everything after the fixed header.
    std::string body;

    bool retained() const { return (flags & 1) != 0; }
};

inline unsigned u16(const std::string& bytes, size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(bytes.at(at))) << 8 |
           static_cast<unsigned char>(bytes.at(at + 1));
}

/// Takes whole packets of a client off the front of `stream`.
inline std::vector<Sent> takePackets(std::string& stream) {
    std::vector<Sent> packets;
    while (stream.size() >= 2) {
        size_t length = 0;
        size_t at = 1;
        unsigned shift = 0;
        while (true) {
            if (at >= stream.size()) {
                return packets;
            }
            const unsigned char byte = static_cast<unsigned char>(stream[at++]);
            length |= static_cast<size_t>(byte & 127U) << shift;
            shift += 7;
            if ((byte & 128U) == 0) {
                break;
            }
        }
        if (stream.size() < at + length) {
            return packets;
        }
        Sent sent;
        sent.type = static_cast<unsigned char>(stream[0]) >> 4;
        sent.flags = stream[0] & 15;
        sent.body = stream.substr(at, length);
        if (sent.type == 3) {
            const size_t topic = u16(sent.body, 0);
            sent.topic = sent.body.substr(2, topic);
            sent.id = u16(sent.body, 2 + topic);
            sent.payload = sent.body.substr(4 + topic);
        } else if (length >= 2) {
            sent.id = u16(sent.body, 0);
        }
        packets.push_back(sent);
        stream.erase(0, at + length);
    }
    return packets;
}

inline std::string be16(size_t value) {
    return {static_cast<char>(static_cast<unsigned char>(value >> 8)),
            static_cast<char>(static_cast<unsigned char>(value))};
}

inline std::string packet(int first, const std::string& body) {
    std::string out(1, static_cast<char>(static_cast<unsigned char>(first)));
    size_t length = body.size();
    do {
        const size_t low = length % 128;
        length /= 128;
        out.push_back(static_cast<char>(static_cast<unsigned char>(length > 0 ? low | 128U : low)));
    } while (length > 0);
    return out + body;
}

inline std::string connack(int code = 0) {
    return packet(0x20, std::string(1, '\0') + static_cast<char>(code));
}

inline std::string puback(unsigned id) {
    return packet(0x40, be16(id));
}

inline std::string suback(unsigned id, int first = 1, int second = 1, int third = 1, int fourth = 1) {
    return packet(0x90, be16(id) + static_cast<char>(first) + static_cast<char>(second) +
                            static_cast<char>(third) + static_cast<char>(fourth));
}

inline std::string pingresp() {
    return packet(0xd0, "");
}

inline std::string publish(const std::string& topic, const std::string& payload, int qos = 1, unsigned id = 1,
                           bool retain = false) {
    return packet(0x30 | qos << 1 | (retain ? 1 : 0),
                  be16(topic.size()) + topic + (qos > 0 ? be16(id) : "") + payload);
}

}  // namespace gatehouse::test
