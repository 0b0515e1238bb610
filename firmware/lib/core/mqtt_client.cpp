#include "mqtt_client.hpp"

namespace gatehouse::mqtt {

void OutBuffer::sent(size_t count) {
    head_ += count;
    if (head_ >= size_) {
        clear();
    }
}

char* OutBuffer::append(size_t count) {
    if (count > room()) {
        return nullptr;
    }
    if (size_ + count > kCapacity) {
        memmove(bytes_, bytes_ + head_, size_ - head_);
        size_ -= head_;
        head_ = 0;
    }
    char* const at = bytes_ + size_;
    size_ += count;
    return at;
}

void Client::start(const ConnectOptions& options, uint64_t nowMs) {
    reader_.reset();
    out_.clear();
    connected_ = false;
    subscribeId_ = 0;
    inFlightCount_ = 0;
    startedMs_ = lastSentMs_ = lastHeardMs_ = nowMs_ = nowMs;
    pingSentMs_ = 0;
    Writer size;
    writeConnect(size, options);
    Writer packet(out_.append(size.size()), size.size());
    writeConnect(packet, options);
}

Incoming Client::next(Text& bytes, uint64_t nowMs) {
    nowMs_ = nowMs;
    while (true) {
        Packet packet;
        Incoming incoming;
        switch (reader_.next(bytes, packet)) {
            case Reader::Status::NeedMore:
                return incoming;
            case Reader::Status::Malformed:
                incoming.kind = Incoming::Kind::Malformed;
                return incoming;
            case Reader::Status::Skipped:
                lastHeardMs_ = nowMs;
                if (reader_.skippedPacketId() != 0) {
                    puback(reader_.skippedPacketId());
                }
                incoming.kind = connected_ ? Incoming::Kind::TooLong : Incoming::Kind::Malformed;
                return incoming;
            case Reader::Status::Packet:
                lastHeardMs_ = nowMs;
                incoming = take(packet);
                if (incoming.kind != Incoming::Kind::Nothing) {
                    return incoming;
                }
        }
    }
}

Incoming Client::take(const Packet& packet) {
    Incoming incoming;
    incoming.kind = Incoming::Kind::Malformed;
    const Text body = packet.body;
    if (connected_ == (packet.type == Type::Connack)) {
        return incoming;  // the first packet is the CONNACK, and no other is
    }
    switch (packet.type) {
        case Type::Connack:
            // A clean session cannot be present; a refusal never is.
            if (body.size != 2 || body[0] != 0) {
                break;
            }
            incoming.code = static_cast<uint8_t>(body[1]);
            connected_ = incoming.code == 0;
            incoming.kind = connected_ ? Incoming::Kind::Connected : Incoming::Kind::LoginRefused;
            break;
        case Type::Publish:
            if (parsePublish(packet, incoming.message)) {
                incoming.kind = Incoming::Kind::Message;
            }
            break;
        case Type::Puback:
            if (body.size == 2) {
                forget(static_cast<uint16_t>((static_cast<uint8_t>(body[0]) << 8) |
                                             static_cast<uint8_t>(body[1])));
                incoming.kind = Incoming::Kind::Nothing;
            }
            break;
        case Type::Suback: {
            const bool ours = body.size == 2 + kFilters && subscribeId_ != 0 &&
                              static_cast<uint8_t>(body[0]) == (subscribeId_ >> 8) &&
                              static_cast<uint8_t>(body[1]) == (subscribeId_ & 255U);
            if (ours) {
                subscribeId_ = 0;
                // An older gateway knows nothing of the others.
                const bool granted = static_cast<uint8_t>(body[2]) <= 1;
                incoming.kind = granted ? Incoming::Kind::Subscribed : Incoming::Kind::SubscribeRefused;
            }
            break;
        }
        case Type::Pingresp:
            if (body.empty()) {
                pingSentMs_ = 0;
                incoming.kind = Incoming::Kind::Nothing;
            }
            break;
        default:
            break;
    }
    return incoming;
}

void Client::acknowledge(const Publish& message) {
    if (message.qos > 0) {
        puback(message.packetId);
    }
}

void Client::puback(uint16_t packetId) {
    // Without room it stays unacknowledged: the session is clean, so the broker never sends it again.
    if (char* at = out_.append(4)) {
        Writer packet(at, 4);
        writeHeader(packet, Type::Puback, 0, 2);
        write16(packet, packetId);
    }
}

uint16_t Client::newPacketId() {
    bool taken = true;
    while (taken) {
        lastPacketId_ = static_cast<uint16_t>(lastPacketId_ == 0xffff ? 1 : lastPacketId_ + 1);
        taken = lastPacketId_ == subscribeId_;
        for (size_t at = 0; at < inFlightCount_ && !taken; ++at) {
            taken = inFlight_[at] == lastPacketId_;
        }
    }
    return lastPacketId_;
}

void Client::forget(uint16_t packetId) {
    for (size_t at = 0; at < inFlightCount_; ++at) {
        if (inFlight_[at] == packetId) {
            inFlight_[at] = inFlight_[--inFlightCount_];
            waitingSinceMs_ = nowMs_;
            return;
        }
    }
}

char* Client::beginPublish(Text topicBase, Text topicRest, size_t payloadSize, bool retain) {
    const size_t topicSize = topicBase.size + topicRest.size;
    const size_t remaining = 2 + topicSize + 2 + payloadSize;
    const size_t size = headerSize(remaining) + remaining;
    if (inFlightCount_ == kInFlightMax) {
        return nullptr;
    }
    char* const at = out_.append(size);
    if (at == nullptr) {
        return nullptr;
    }
    if (inFlightCount_ == 0) {
        waitingSinceMs_ = nowMs_;
    }
    const uint16_t packetId = newPacketId();
    inFlight_[inFlightCount_++] = packetId;
    Writer packet(at, size);
    writeHeader(packet, Type::Publish, retain ? 0x03 : 0x02, remaining);
    write16(packet, topicSize);
    packet.put(topicBase).put(topicRest);
    write16(packet, packetId);
    return at + packet.size();
}

bool Client::publish(Text topicBase, Text topicRest, Text payload, bool retain) {
    char* const at = beginPublish(topicBase, topicRest, payload.size, retain);
    if (at == nullptr) {
        return false;
    }
    if (!payload.empty()) {
        memcpy(at, payload.data, payload.size);
    }
    return true;
}

bool Client::subscribe(Text topicBase, const Text (&rests)[kFilters]) {
    size_t remaining = 2;
    for (const Text rest : rests) {
        remaining += 2 + topicBase.size + rest.size + 1;
    }
    const size_t size = headerSize(remaining) + remaining;
    char* const at = out_.append(size);
    if (at == nullptr) {
        return false;
    }
    subscribeId_ = newPacketId();
    Writer packet(at, size);
    writeHeader(packet, Type::Subscribe, 0x02, remaining);
    write16(packet, subscribeId_);
    for (const Text rest : rests) {
        write16(packet, topicBase.size + rest.size);
        packet.put(topicBase).put(rest).put('\x01');
    }
    return true;
}

void Client::disconnect() {
    if (char* at = out_.append(2)) {
        Writer packet(at, 2);
        writeHeader(packet, Type::Disconnect, 0, 0);
    }
}

bool Client::tick(uint64_t nowMs) {
    nowMs_ = nowMs;
    if (!connected_) {
        return nowMs - startedMs_ < kLoginMs;
    }
    if (inFlightCount_ > 0 && nowMs - waitingSinceMs_ >= kAckMs) {
        return false;
    }
    if (pinging()) {
        return nowMs - pingSentMs_ < kPingAnswerMs;
    }
    if (nowMs - lastSentMs_ >= kPingAfterMs || nowMs - lastHeardMs_ >= kPingAfterMs) {
        pingSentMs_ = nowMs;
        // No room means the socket takes nothing: then the missing answer tells the same story.
        if (char* at = out_.append(2)) {
            Writer packet(at, 2);
            writeHeader(packet, Type::Pingreq, 0, 0);
        }
    }
    return true;
}

uint64_t Client::nextDeadlineMs() const {
    if (!connected_) {
        return startedMs_ + kLoginMs;
    }
    const uint64_t quietSinceMs = lastSentMs_ < lastHeardMs_ ? lastSentMs_ : lastHeardMs_;
    const uint64_t pingMs = pinging() ? pingSentMs_ + kPingAnswerMs : quietSinceMs + kPingAfterMs;
    const uint64_t ackMs = inFlightCount_ > 0 ? waitingSinceMs_ + kAckMs : UINT64_MAX;
    return pingMs < ackMs ? pingMs : ackMs;
}

void Client::sent(size_t count, uint64_t nowMs) {
    out_.sent(count);
    lastSentMs_ = nowMs;
}

}  // namespace gatehouse::mqtt
