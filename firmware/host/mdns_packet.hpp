// The numbers and names of a packet of DNS (RFC 1035, section 4).
#pragma once

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>

#include "text.hpp"

namespace gatehouse::host {

/// Reads big-endian numbers and names; the first thing out of bounds makes it fail for good.
class Packet {
  public:
    /// The longest name, with its dots.
    static constexpr size_t kNameMax = 255;

    explicit Packet(Text bytes) : bytes_(bytes) {}

    bool ok() const { return ok_; }
    size_t at() const { return at_; }
    void skip(size_t count) {
        ok_ = ok_ && count <= bytes_.size - at_;
        at_ += ok_ ? count : 0;
    }
    void seek(size_t at) {
        ok_ = ok_ && at <= bytes_.size;
        at_ = ok_ ? at : at_;
    }
    uint8_t byte() {
        ok_ = ok_ && at_ < bytes_.size;
        return ok_ ? static_cast<uint8_t>(bytes_[at_++]) : 0;
    }
    uint16_t u16() {
        const unsigned high = byte();
        return static_cast<uint16_t>(high << 8 | byte());
    }
    std::string text(size_t count) {
        const size_t from = at_;
        skip(count);
        return ok_ ? std::string(bytes_.data + from, count) : "";
    }

    /// A name in lower case, each label with a dot behind it. A pointer must lead to before itself, so that
    /// none leads in circles.
    std::string name() {
        std::string out;
        size_t back = 0;
        size_t limit = at_;
        while (ok_) {
            const uint8_t length = byte();
            if (length == 0) {
                break;
            }
            if (length >= 0xc0) {
                const size_t to = static_cast<size_t>(length & 0x3fU) << 8 | byte();
                back = back == 0 ? at_ : back;
                ok_ = ok_ && to < limit;
                limit = to;
                seek(to);
                continue;
            }
            ok_ = ok_ && length < 64;
            for (const char c : text(length)) {
                out.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
            }
            out.push_back('.');
            ok_ = ok_ && out.size() <= kNameMax;
        }
        if (back != 0) {
            seek(back);
        }
        return ok_ ? out : "";
    }

  private:
    Text bytes_;
    size_t at_ = 0;
    bool ok_ = true;
};

}  // namespace gatehouse::host
