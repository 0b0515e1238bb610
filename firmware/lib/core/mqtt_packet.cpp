#include "mqtt_packet.hpp"

namespace gatehouse::mqtt {
namespace {

uint16_t read16(Text text, size_t at) {
    return static_cast<uint16_t>((static_cast<uint8_t>(text[at]) << 8) | static_cast<uint8_t>(text[at + 1]));
}

bool isTopicName(Text topic) {
    for (size_t at = 0; at < topic.size; ++at) {
        if (topic[at] == '\0' || topic[at] == '+' || topic[at] == '#') {
            return false;
        }
    }
    return !topic.empty();
}

/// What the low four bits of the first byte must be; PUBLISH has bits of its own.
bool flagsAllowed(uint8_t header) {
    switch (static_cast<Type>(header >> 4)) {
        case Type::Connack:
        case Type::Puback:
        case Type::Suback:
        case Type::Pingresp:
            return (header & 15U) == 0;
        case Type::Publish:
            return (header & 6U) <= 2U;
        default:
            return false;  // types only a client may send, QoS 2 handshakes, and unused numbers
    }
}

}  // namespace

bool parsePublish(const Packet& packet, Publish& out) {
    const Text body = packet.body;
    out.qos = static_cast<uint8_t>((packet.flags >> 1) & 3U);
    out.retain = (packet.flags & 1U) != 0;
    if (body.size < 2) {
        return false;
    }
    const size_t topicSize = read16(body, 0);
    size_t at = 2 + topicSize;
    if (body.size < at + (out.qos > 0 ? 2U : 0U)) {
        return false;
    }
    out.topic = body.from(2).first(topicSize);
    out.packetId = 0;
    if (out.qos > 0) {
        out.packetId = read16(body, at);
        at += 2;
        if (out.packetId == 0) {
            return false;
        }
    }
    out.payload = body.from(at);
    return isTopicName(out.topic);
}

Reader::Status Reader::next(Text& bytes, Packet& out) {
    while (true) {
        Status status = Status::NeedMore;
        if (stage_ == Stage::Body) {
            status = takeBody(bytes);
        } else if (!bytes.empty()) {
            const uint8_t byte = static_cast<uint8_t>(bytes[0]);
            bytes = bytes.from(1);
            status = stage_ == Stage::Header ? takeHeader(byte) : takeLength(byte);
            if (status == Status::NeedMore) {
                continue;
            }
        }
        if (status == Status::Packet) {
            out.type = static_cast<Type>(header_ >> 4);
            out.flags = header_ & 15U;
            out.body = Text(reinterpret_cast<const char*>(body_), length_);
        }
        return status;
    }
}

Reader::Status Reader::takeHeader(uint8_t byte) {
    if (!flagsAllowed(byte)) {
        return Status::Malformed;
    }
    header_ = byte;
    lengthBytes_ = 0;
    length_ = 0;
    taken_ = 0;
    skippedTopicSize_ = 0;
    skippedId_ = 0;
    stage_ = Stage::Length;
    return Status::NeedMore;
}

Reader::Status Reader::takeLength(uint8_t byte) {
    length_ |= static_cast<uint32_t>(byte & 127U) << (7 * lengthBytes_);
    ++lengthBytes_;
    if ((byte & 128U) != 0) {
        return lengthBytes_ == 4 ? Status::Malformed : Status::NeedMore;
    }
    const bool isPublish = static_cast<Type>(header_ >> 4) == Type::Publish;
    if (length_ > (isPublish ? kAnnouncedMax : kBodyMax)) {
        return Status::Malformed;
    }
    stage_ = Stage::Body;
    return Status::NeedMore;
}

Reader::Status Reader::takeBody(Text& bytes) {
    const size_t missing = length_ - taken_;
    const size_t size = bytes.size < missing ? bytes.size : missing;
    const bool keep = length_ <= kBodyMax;
    if (size > 0) {
        const uint8_t* from = reinterpret_cast<const uint8_t*>(bytes.data);
        if (keep) {
            memcpy(body_ + taken_, from, size);
        } else {
            noteSkipped(from, size);
        }
        taken_ += static_cast<uint32_t>(size);
        bytes = bytes.from(size);
    }
    if (taken_ < length_) {
        return Status::NeedMore;
    }
    stage_ = Stage::Header;
    return keep ? Status::Packet : Status::Skipped;
}

/// Picks the packet id out of a PUBLISH that is not kept, so that it can still be acknowledged.
void Reader::noteSkipped(const uint8_t* bytes, size_t size) {
    if ((header_ & 6U) == 0) {
        return;
    }
    for (size_t i = 0; i < size; ++i) {
        const uint32_t at = taken_ + static_cast<uint32_t>(i);
        if (at < 2) {
            skippedTopicSize_ = static_cast<uint16_t>((skippedTopicSize_ << 8) | bytes[i]);
        } else if (at == 2U + skippedTopicSize_ || at == 3U + skippedTopicSize_) {
            skippedId_ = static_cast<uint16_t>((skippedId_ << 8) | bytes[i]);
        }
    }
}

size_t headerSize(size_t remaining) {
    return remaining < 128 ? 2 : remaining < 16384 ? 3 : 4;
}

void writeHeader(Writer& out, Type type, uint8_t flags, size_t remaining) {
    out.put(static_cast<char>((static_cast<uint8_t>(type) << 4) | flags));
    do {
        const size_t low = remaining % 128;
        remaining /= 128;
        out.put(static_cast<char>(static_cast<uint8_t>(remaining > 0 ? low | 128U : low)));
    } while (remaining > 0);
}

void write16(Writer& out, size_t value) {
    out.put(static_cast<char>(static_cast<uint8_t>(value >> 8)));
    out.put(static_cast<char>(static_cast<uint8_t>(value)));
}

void writeConnect(Writer& out, const ConnectOptions& options) {
    const Text strings[] = {options.clientId, options.willTopic, options.willPayload, options.userName,
                            options.password};
    size_t remaining = 10;
    for (const Text string : strings) {
        remaining += 2 + string.size;
    }
    writeHeader(out, Type::Connect, 0, remaining);
    write16(out, 4);
    out.put("MQTT"_t).put('\x04');
    // user name, password, will retained, will QoS 1, will, clean session
    out.put(static_cast<char>(0x80 | 0x40 | 0x20 | 0x08 | 0x04 | 0x02));
    write16(out, options.keepAliveS);
    for (const Text string : strings) {
        write16(out, string.size);
        out.put(string);
    }
}

}  // namespace gatehouse::mqtt
