#include "journal.hpp"

#include "crc32.hpp"

namespace gatehouse {
namespace {

// Sector: magic, generation, CRC of both, 4 bytes unused (erased); then records.
// Record: tag, index, length (little endian), value padded with 0xff to 4 bytes, CRC of all but padding.
constexpr uint32_t kMagic = 0x314a4847;  // "GHJ1" in flash
constexpr uint32_t kHeaderSize = 16;
constexpr uint32_t kRecordOverhead = 8;
constexpr uint8_t kErased = 0xff;
/// Flash is worked on in pieces of this size: a board has 4 KB of stack, and a value may be a quarter of
/// that.
constexpr uint32_t kChunk = 64;

constexpr uint32_t padded(uint32_t size) {
    return (size + 3U) & ~3U;
}

constexpr uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

constexpr uint32_t recordSize(uint32_t valueSize) {
    return kRecordOverhead + padded(valueSize);
}

void putLittleEndian(uint8_t* out, uint32_t value) {
    for (int at = 0; at < 4; ++at) {
        out[at] = static_cast<uint8_t>(value >> (8 * at));
    }
}

uint32_t getLittleEndian(const uint8_t* in) {
    return in[0] | (uint32_t{in[1]} << 8) | (uint32_t{in[2]} << 16) | (uint32_t{in[3]} << 24);
}

}  // namespace

bool Journal::readSectorHeader(uint32_t sector, uint32_t& generation) {
    uint8_t header[12];
    if (!flash_.read(base(sector), header, sizeof header)) {
        return false;
    }
    generation = getLittleEndian(header + 4);
    return getLittleEndian(header) == kMagic && getLittleEndian(header + 8) == crc32(header, 8);
}

bool Journal::writeSectorHeader(uint32_t sector, uint32_t generation) {
    uint8_t header[12];
    putLittleEndian(header, kMagic);
    putLittleEndian(header + 4, generation);
    putLittleEndian(header + 8, crc32(header, 8));
    uint32_t written = 0;
    return flash_.write(base(sector), header, sizeof header) && readSectorHeader(sector, written) &&
           written == generation;
}

bool Journal::open() {
    uint32_t generations[Flash::kSectors] = {};
    bool found = false;
    for (uint32_t sector = 0; sector < Flash::kSectors; ++sector) {
        if (readSectorHeader(sector, generations[sector]) && (!found || generations[sector] > generation_)) {
            found = true;
            active_ = sector;
            generation_ = generations[sector];
        }
    }
    if (found) {
        return findEnd();
    }
    active_ = 0;
    generation_ = 1;
    end_ = kHeaderSize;
    torn_ = false;
    return flash_.erase(active_) && writeSectorHeader(active_, generation_);
}

bool Journal::findEnd() {
    end_ = kHeaderSize;
    Record record;
    while (readRecord(end_, record)) {
        end_ += recordSize(record.valueSize);
    }
    torn_ = !isErased(active_, end_);
    return true;
}

bool Journal::isErased(uint32_t sector, uint32_t from) {
    uint8_t chunk[kChunk];
    while (from < Flash::kSectorSize) {
        const uint32_t size = smaller(Flash::kSectorSize - from, kChunk);
        if (!flash_.read(base(sector) + from, chunk, size)) {
            return false;
        }
        for (uint32_t at = 0; at < size; ++at) {
            if (chunk[at] != kErased) {
                return false;
            }
        }
        from += size;
    }
    return true;
}

bool Journal::readRecord(uint32_t offset, Record& out) {
    uint8_t header[4];
    if (offset + kRecordOverhead > Flash::kSectorSize ||
        !flash_.read(base(active_) + offset, header, sizeof header)) {
        return false;
    }
    out.offset = offset;
    out.key = {header[0], header[1]};
    out.valueSize = static_cast<uint16_t>(header[2] | (header[3] << 8));
    if (out.valueSize > kValueMax || offset + recordSize(out.valueSize) > Flash::kSectorSize) {
        return false;
    }
    const uint32_t value = base(active_) + offset + 4;
    uint32_t crc = crc32(header, sizeof header);
    uint8_t chunk[kChunk];
    for (uint32_t at = 0; at < out.valueSize; at += kChunk) {
        const uint32_t size = smaller(out.valueSize - at, kChunk);
        if (!flash_.read(value + at, chunk, size)) {
            return false;
        }
        crc = crc32(chunk, size, crc);
    }
    uint8_t stored[4];
    return flash_.read(value + padded(out.valueSize), stored, sizeof stored) &&
           getLittleEndian(stored) == crc;
}

bool Journal::findLast(Key key, uint32_t from, Record& out) {
    bool found = false;
    uint32_t at = from;
    while (at < end_) {
        uint8_t header[4];
        if (!flash_.read(base(active_) + at, header, sizeof header)) {
            return false;
        }
        Record record;
        record.offset = at;
        record.key = {header[0], header[1]};
        record.valueSize = static_cast<uint16_t>(header[2] | (header[3] << 8));
        if (record.key == key) {
            out = record;
            found = true;
        }
        at += recordSize(record.valueSize);
    }
    return found;
}

bool Journal::get(Key key, char* out, size_t capacity, size_t& size) {
    Record record;
    if (!findLast(key, kHeaderSize, record) || record.valueSize == 0 || record.valueSize > capacity) {
        return false;
    }
    size = record.valueSize;
    return flash_.read(base(active_) + record.offset + 4, out, size);
}

bool Journal::has(Key key) {
    Record record;
    return findLast(key, kHeaderSize, record) && record.valueSize > 0;
}

bool Journal::holds(Key key, Text value) {
    Record record;
    if (!findLast(key, kHeaderSize, record) || record.valueSize != value.size) {
        return false;
    }
    char chunk[kChunk];
    for (uint32_t at = 0; at < record.valueSize; at += kChunk) {
        const uint32_t size = smaller(record.valueSize - at, kChunk);
        if (!flash_.read(base(active_) + record.offset + 4 + at, chunk, size) ||
            memcmp(chunk, value.data + at, size) != 0) {
            return false;
        }
    }
    return true;
}

bool Journal::writeChecked(uint32_t offset, const void* bytes, uint32_t size) {
    uint8_t written[kChunk];
    return flash_.write(offset, bytes, size) && flash_.read(offset, written, size) &&
           memcmp(written, bytes, size) == 0;
}

bool Journal::readPart(const Source& source, uint32_t at, void* out, uint32_t size) {
    if (source.bytes.data == nullptr) {
        return size == 0 || flash_.read(base(active_) + source.offset + at, out, size);
    }
    memcpy(out, source.bytes.data + at, size);
    return true;
}

bool Journal::append(uint32_t offset, Key key, const Source& value) {
    const uint8_t header[4] = {key.tag, key.index, static_cast<uint8_t>(value.size),
                               static_cast<uint8_t>(value.size >> 8)};
    uint32_t to = base(active_) + offset;
    if (!writeChecked(to, header, sizeof header)) {
        return false;
    }
    to += sizeof header;
    uint32_t crc = crc32(header, sizeof header);
    uint8_t chunk[kChunk];
    for (uint32_t at = 0; at < value.size; at += kChunk) {
        const uint32_t size = smaller(value.size - at, kChunk);
        memset(chunk, kErased, sizeof chunk);
        if (!readPart(value, at, chunk, size)) {
            return false;
        }
        crc = crc32(chunk, size, crc);
        if (!writeChecked(to, chunk, padded(size))) {
            return false;
        }
        to += padded(size);
    }
    putLittleEndian(chunk, crc);
    return writeChecked(to, chunk, 4);
}

bool Journal::copy(const Record& record, uint32_t sector, uint32_t offset) {
    const uint32_t recordBytes = recordSize(record.valueSize);
    uint8_t chunk[kChunk];
    for (uint32_t at = 0; at < recordBytes; at += kChunk) {
        const uint32_t size = smaller(recordBytes - at, kChunk);
        if (!flash_.read(base(active_) + record.offset + at, chunk, size) ||
            !writeChecked(base(sector) + offset + at, chunk, size)) {
            return false;
        }
    }
    return true;
}

bool Journal::rotate(bool (*keep)(Key)) {
    const uint32_t target = 1 - active_;
    if (!flash_.erase(target)) {
        return false;
    }
    uint32_t targetEnd = kHeaderSize;
    uint32_t at = kHeaderSize;
    Record record;
    while (at < end_) {
        if (!readRecord(at, record)) {
            return false;
        }
        at += recordSize(record.valueSize);
        Record later;
        if (record.valueSize == 0 || (keep != nullptr && !keep(record.key)) ||
            findLast(record.key, at, later)) {
            continue;
        }
        if (!copy(record, target, targetEnd)) {
            return false;
        }
        targetEnd += recordSize(record.valueSize);
    }
    if (!writeSectorHeader(target, generation_ + 1)) {
        return false;
    }
    active_ = target;
    ++generation_;
    end_ = targetEnd;
    torn_ = false;
    return true;
}

bool Journal::keepOnly(bool (*keep)(Key)) {
    if (!rotate(keep)) {
        return false;
    }
    eraseSpare();
    return true;
}

void Journal::eraseSpare() {
    if (!isErased(1 - active_, 0)) {
        flash_.erase(1 - active_);
    }
}

bool Journal::makeRoom(uint32_t valueSize) {
    const uint32_t size = recordSize(valueSize);
    if ((torn_ || end_ + size > Flash::kSectorSize) && !rotate()) {
        return false;
    }
    return end_ + size <= Flash::kSectorSize;
}

bool Journal::put(Key key, Text value) {
    if (value.size > kValueMax) {
        return false;
    }
    // The second attempt is for a write that went wrong in a worn cell: a fresh sector may take it.
    for (int attempt = 0; attempt < 2; ++attempt) {
        if (!makeRoom(static_cast<uint32_t>(value.size))) {
            return false;
        }
        if (append(end_, key, value)) {
            end_ += recordSize(static_cast<uint32_t>(value.size));
            return true;
        }
        torn_ = true;
    }
    return false;
}

bool Journal::copyValue(Key from, Key to) {
    for (int attempt = 0; attempt < 2; ++attempt) {
        Record record;
        if (!findLast(from, kHeaderSize, record) || record.valueSize == 0) {
            return false;
        }
        // A change of sectors moves the record.
        if (!makeRoom(record.valueSize) || !findLast(from, kHeaderSize, record)) {
            return false;
        }
        if (append(end_, to, Source(record))) {
            end_ += recordSize(record.valueSize);
            return true;
        }
        torn_ = true;
    }
    return false;
}

}  // namespace gatehouse
