#include "handover.hpp"

#include "crc32.hpp"
#include "settings.hpp"
#include "wire.hpp"

namespace gatehouse {
namespace {

constexpr uint8_t kCredential = 1;
constexpr uint8_t kGateway = 2;
constexpr uint8_t kAuthority = 6;
constexpr uint8_t kTime = 16;

uint64_t littleEndian(Text bytes) {
    uint64_t value = 0;
    for (size_t at = bytes.size; at > 0; --at) {
        value = value << 8 | static_cast<uint8_t>(bytes[at - 1]);
    }
    return value;
}

bool takeField(Handover& out, uint8_t tag, Text value) {
    switch (tag) {
        case kCredential: {
            if (value.empty() || static_cast<uint8_t>(value[0]) > value.size - 1) {
                return false;
            }
            const size_t size = static_cast<uint8_t>(value[0]);
            out.id = value.from(1).first(size);
            out.secret = value.from(1 + size);
            return wire::isBoardId(out.id) && !out.secret.empty() && out.secret.size <= Settings::kSecretMax;
        }
        case kGateway:
            if (value.size < 3 || value.size > 2 + Settings::kHostMax) {
                return false;
            }
            out.port = static_cast<uint16_t>(littleEndian(value.first(2)));
            out.host = value.from(2);
            return out.port != 0;
        case kAuthority:
            out.authority = value;
            return value.size <= Settings::kAuthorityMax;
        case kTime:
            out.time = littleEndian(value);
            return value.size == 8;
        default:
            return true;
    }
}

}  // namespace

bool parse(Text document, Handover& out) {
    constexpr size_t kCrcSize = 4;
    if (document.size < kCrcSize || document.size > Handover::kDocumentMax) {
        return false;
    }
    Text rest = document.first(document.size - kCrcSize);
    if (crc32(rest.data, rest.size) != littleEndian(document.from(rest.size))) {
        return false;
    }
    out = Handover();
    uint32_t seen[8] = {};
    const auto has = [&seen](uint8_t tag) { return (seen[tag / 32] >> (tag % 32) & 1U) != 0; };
    while (!rest.empty()) {
        if (rest.size < 3) {
            return false;
        }
        const uint8_t tag = static_cast<uint8_t>(rest[0]);
        const size_t size = static_cast<size_t>(littleEndian(rest.from(1).first(2)));
        rest = rest.from(3);
        if (size > rest.size || has(tag) || !takeField(out, tag, rest.first(size))) {
            return false;
        }
        seen[tag / 32] |= 1U << (tag % 32);
        rest = rest.from(size);
    }
    return has(kCredential) && has(kGateway) && has(kAuthority);
}

HandoverIntake::Taken HandoverIntake::take(const improv::Chunk& chunk) {
    if (chunk.number == 0) {
        reset();
    } else if (chunk.number + 1U == expected_) {
        return whole_ ? Taken::WholeAgain : Taken::More;
    }
    if (chunk.number != expected_ || whole_) {
        return Taken::Refused;
    }
    if (chunk.bytes.size > sizeof bytes_ - size_) {
        reset();
        return Taken::Refused;
    }
    memcpy(bytes_ + size_, chunk.bytes.data, chunk.bytes.size);
    size_ += chunk.bytes.size;
    ++expected_;
    whole_ = chunk.last;
    return whole_ ? Taken::Whole : Taken::More;
}

}  // namespace gatehouse
