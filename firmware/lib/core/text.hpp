// Text without a heap: views, bounded writers and bounded copies.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace gatehouse {

/// A view of bytes that somebody else owns and keeps alive. Not terminated by a NUL.
struct Text {
    const char* data = nullptr;
    size_t size = 0;

    constexpr Text() = default;
    constexpr Text(const char* bytes, size_t length) : data(bytes), size(length) {}

    bool empty() const { return size == 0; }
    char operator[](size_t at) const { return data[at]; }
    /// The bytes from `at` (at most `size`) to the end.
    Text from(size_t at) const { return {data + at, size - at}; }
    Text first(size_t count) const { return {data, count}; }
    bool startsWith(Text other) const {
        return size >= other.size && (other.size == 0 || memcmp(data, other.data, other.size) == 0);
    }
    bool endsWith(Text other) const { return size >= other.size && from(size - other.size) == other; }
    bool operator==(Text other) const { return size == other.size && startsWith(other); }
    bool operator!=(Text other) const { return !(*this == other); }
};

constexpr Text operator""_t(const char* literal, size_t length) {
    return {literal, length};
}

/// Writes into a buffer of fixed size and remembers when it did not fit. With no buffer it only
/// counts, so that a length can be known before the bytes are written.
class Writer {
  public:
    Writer() = default;
    Writer(char* buffer, size_t capacity) : buffer_(buffer), capacity_(capacity) {}

    Writer& put(Text text) {
        if (size_ + text.size <= capacity_ && text.size > 0) {
            memcpy(buffer_ + size_, text.data, text.size);
        }
        size_ += text.size;
        return *this;
    }
    Writer& put(char one) { return put(Text(&one, 1)); }
    Writer& number(uint64_t value) {
        char digits[20];
        size_t at = sizeof digits;
        do {
            digits[--at] = static_cast<char>('0' + value % 10);
            value /= 10;
        } while (value != 0);
        return put(Text(digits + at, sizeof digits - at));
    }
    /// Eight lower-case hexadecimal digits.
    Writer& hex32(uint32_t value) {
        char digits[8];
        for (size_t at = 0; at < 8; ++at) {
            digits[at] = "0123456789abcdef"[(value >> (28 - 4 * at)) & 15U];
        }
        return put(Text(digits, 8));
    }

    /// What was asked for, also when it did not fit.
    size_t size() const { return size_; }
    bool fits() const { return size_ <= capacity_; }
    /// What was written; empty when it did not fit, so that half a message never leaves.
    Text text() const { return fits() ? Text(buffer_, size_) : Text(); }

  private:
    char* buffer_ = nullptr;
    size_t capacity_ = 0;
    size_t size_ = 0;
};

/// A copy of at most `N` bytes.
template <size_t N>
class FixedText {
  public:
    static constexpr size_t kCapacity = N;

    /// False, and unchanged, when it does not fit.
    bool assign(Text text) {
        if (text.size > N) {
            return false;
        }
        if (text.size > 0) {
            memcpy(bytes_, text.data, text.size);
        }
        size_ = text.size;
        return true;
    }
    Text text() const { return {bytes_, size_}; }
    bool empty() const { return size_ == 0; }

  private:
    char bytes_[N] = {};
    size_t size_ = 0;
};

}  // namespace gatehouse
