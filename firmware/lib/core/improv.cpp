#include "improv.hpp"

namespace gatehouse::improv {
namespace {

constexpr Text kStart = "IMPROV\x01"_t;
constexpr size_t kTypeAt = kStart.size;
constexpr size_t kLengthAt = kTypeAt + 1;
constexpr size_t kDataAt = kLengthAt + 1;
/// What the JavaScript SDK takes for the end of a line wherever it stands.
constexpr size_t kLineFeed = 10;

uint8_t byteAt(Text text, size_t at) {
    return static_cast<uint8_t>(text[at]);
}

char asChar(size_t value) {
    return static_cast<char>(static_cast<uint8_t>(value));
}

/// Takes a text with its length before it off the front of `in`.
bool takeText(Text& in, Text& out) {
    if (in.empty() || byteAt(in, 0) > in.size - 1) {
        return false;
    }
    const size_t size = byteAt(in, 0);
    out = in.from(1).first(size);
    in = in.from(1 + size);
    return true;
}

}  // namespace

Parser::Found Parser::next(Text& bytes) {
    while (!bytes.empty()) {
        const uint8_t byte = byteAt(bytes, 0);
        bytes = bytes.from(1);
        const Found found = take(byte);
        if (found != Found::Nothing) {
            return found;
        }
    }
    return Found::Nothing;
}

Parser::Found Parser::take(uint8_t byte) {
    if (at_ < kTypeAt && byte != byteAt(kStart, at_)) {
        at_ = 0;
        if (byte != byteAt(kStart, 0)) {
            return Found::Nothing;
        }
    }
    if (at_ < kDataAt) {
        if (at_ == kTypeAt) {
            type_ = byte;
        } else if (at_ == kLengthAt) {
            size_ = byte;
            if (size_ > kDataMax) {
                at_ = 0;
                return Found::Nothing;
            }
        }
        sum_ = at_ == 0 ? byte : static_cast<uint8_t>(sum_ + byte);
        ++at_;
        return Found::Nothing;
    }
    if (at_ < kDataAt + size_) {
        data_[at_ - kDataAt] = static_cast<char>(byte);
        sum_ = static_cast<uint8_t>(sum_ + byte);
        ++at_;
        return Found::Nothing;
    }
    at_ = 0;
    if (byte == sum_) {
        return Found::Frame;
    }
    if (byte == byteAt(kStart, 0)) {
        at_ = 1;
        sum_ = byte;
    }
    return Found::BadChecksum;
}

bool splitRpc(Text data, Command& command, Text& rest) {
    if (data.size < 2 || byteAt(data, 1) > data.size - 2) {
        return false;
    }
    command = static_cast<Command>(byteAt(data, 0));
    rest = data.from(2).first(byteAt(data, 1));
    return true;
}

bool splitNetwork(Text rest, Text& ssid, Text& password) {
    return takeText(rest, ssid) && takeText(rest, password) && rest.empty();
}

bool splitChunk(Text rest, Chunk& out) {
    if (rest.size < 3 || rest.size > 2 + Chunk::kBytesMax || byteAt(rest, 1) > 1) {
        return false;
    }
    out.number = byteAt(rest, 0);
    out.last = byteAt(rest, 1) == 1;
    out.bytes = rest.from(2);
    return true;
}

void writeFrame(Writer& out, Type type, Text data) {
    const char head[2] = {asChar(static_cast<uint8_t>(type)), asChar(data.size)};
    uint8_t sum = 0;
    const Text parts[] = {kStart, Text(head, 2), data};
    for (const Text part : parts) {
        for (size_t at = 0; at < part.size; ++at) {
            sum = static_cast<uint8_t>(sum + byteAt(part, at));
        }
    }
    out.put(kStart).put(Text(head, 2)).put(data).put(asChar(sum)).put('\n');
}

void writeState(Writer& out, State state) {
    const char data = asChar(static_cast<uint8_t>(state));
    writeFrame(out, Type::State, {&data, 1});
}

void writeError(Writer& out, Error error) {
    const char data = asChar(static_cast<uint8_t>(error));
    writeFrame(out, Type::Error, {&data, 1});
}

void writeRpc(Writer& out, Command command, Text rest) {
    char buffer[kDataMax];
    Writer data(buffer, sizeof buffer);
    data.put(asChar(static_cast<uint8_t>(command))).put(asChar(rest.size)).put(rest);
    writeFrame(out, Type::Rpc, data.text());
}

void Result::write(Writer& out) {
    if (2 + strings_.size() == kLineFeed) {
        add({});
    }
    const size_t size = strings_.fits() ? strings_.size() : 0;
    buffer_[0] = asChar(static_cast<uint8_t>(command_));
    buffer_[1] = asChar(size);
    writeFrame(out, Type::Result, {buffer_, 2 + size});
}

}  // namespace gatehouse::improv
