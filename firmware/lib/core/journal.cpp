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

constexpr uint32_t padded(uint32_t size) {
    return (size + 3U) & ~3U;
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
    char value[kValueMax];
    while (readRecord(end_, record, value)) {
        end_ += recordSize(record.valueSize);
    }
    torn_ = !isErased(end_);
    return true;
}

bool Journal::isErased(uint32_t from) {
    uint8_t chunk[64];
    while (from < Flash::kSectorSize) {
        const uint32_t left = Flash::kSectorSize - from;
        const uint32_t size = left < sizeof chunk ? left : static_cast<uint32_t>(sizeof chunk);
        if (!flash_.read(base(active_) + from, chunk, size)) {
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

bool Journal::readRecord(uint32_t offset, Record& out, char* value) {
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
    uint8_t crc[4];
    const uint32_t body = base(active_) + offset + 4;
    if (!flash_.read(body, value, out.valueSize) ||
        !flash_.read(body + padded(out.valueSize), crc, sizeof crc)) {
        return false;
    }
    return getLittleEndian(crc) == crc32(value, out.valueSize, crc32(header, sizeof header));
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

bool Journal::append(uint32_t sector, uint32_t offset, Key key, Text value) {
    uint8_t record[recordSize(kValueMax)];
    memset(record, kErased, sizeof record);
    const uint32_t valueSize = static_cast<uint32_t>(value.size);
    record[0] = key.tag;
    record[1] = key.index;
    record[2] = static_cast<uint8_t>(valueSize);
    record[3] = static_cast<uint8_t>(valueSize >> 8);
    if (valueSize > 0) {
        memcpy(record + 4, value.data, valueSize);
    }
    const uint32_t size = recordSize(valueSize);
    putLittleEndian(record + size - 4, crc32(record, 4 + valueSize));
    if (!flash_.write(base(sector) + offset, record, size)) {
        return false;
    }
    uint8_t written[64];
    for (uint32_t at = 0; at < size; at += sizeof written) {
        const uint32_t left = size - at;
        const uint32_t part = left < sizeof written ? left : static_cast<uint32_t>(sizeof written);
        if (!flash_.read(base(sector) + offset + at, written, part) ||
            memcmp(written, record + at, part) != 0) {
            return false;
        }
    }
    return true;
}

bool Journal::rotate() {
    const uint32_t target = 1 - active_;
    if (!flash_.erase(target)) {
        return false;
    }
    uint32_t targetEnd = kHeaderSize;
    uint32_t at = kHeaderSize;
    Record record;
    char value[kValueMax];
    while (at < end_) {
        if (!readRecord(at, record, value)) {
            return false;
        }
        at += recordSize(record.valueSize);
        Record later;
        if (record.valueSize == 0 || findLast(record.key, at, later)) {
            continue;
        }
        if (!append(target, targetEnd, record.key, {value, record.valueSize})) {
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

bool Journal::put(Key key, Text value) {
    if (value.size > kValueMax) {
        return false;
    }
    const uint32_t size = recordSize(static_cast<uint32_t>(value.size));
    // The second attempt is for a write that went wrong in a worn cell: a fresh sector may take it.
    for (int attempt = 0; attempt < 2; ++attempt) {
        if ((torn_ || end_ + size > Flash::kSectorSize) && !rotate()) {
            return false;
        }
        if (end_ + size > Flash::kSectorSize) {
            return false;
        }
        if (append(active_, end_, key, value)) {
            end_ += size;
            return true;
        }
        torn_ = true;
    }
    return false;
}

}  // namespace gatehouse
