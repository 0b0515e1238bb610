// Small values in flash that survive a power cut at any instant.
#pragma once

#include "hardware.hpp"
#include "text.hpp"

namespace gatehouse {

/// Names one value. `index` tells apart values of one kind, such as the relay number.
struct Key {
    uint8_t tag = 0;
    uint8_t index = 0;

    bool operator==(Key other) const { return tag == other.tag && index == other.index; }
};

/// An append-only log of records with a CRC over two flash sectors that take turns. The last record of
/// a key is its value. A full sector is copied, live records only, to the other one, whose header is
/// written last: until then the old sector is the one that counts. Records of keys this firmware does
/// not know are carried along, so that a newer firmware finds its settings after a return to it.
class Journal {
  public:
    /// The longest value in bytes: a CA certificate.
    static constexpr size_t kValueMax = 1024;

    explicit Journal(Flash& flash) : flash_(flash) {}

    /// Finds the sector that counts and the end of its log; formats a flash that holds neither.
    /// False when the flash itself fails.
    bool open();

    /// Reads the value of `key` into `out`. False when there is none or it is longer than `capacity`.
    bool get(Key key, char* out, size_t capacity, size_t& size);

    /// Whether `key` has a value, of whatever length.
    bool has(Key key);

    /// Whether `value` is the value of `key`; false also when the flash fails.
    bool holds(Key key, Text value);

    /// Appends. When this returns true the value survives a power cut; when it returns false the earlier
    /// value is still there. An empty value removes the key. False: too long, flash full of live records, or
    /// the flash fails.
    bool put(Key key, Text value);

    /// Gives `to` the value of `from`, as `put` would. False also when there is none.
    bool copyValue(Key from, Key to);

    /// Removes every value whose key `keep` does not name, in one step, and leaves none of it in flash.
    /// False: the flash fails; then all of it is still there.
    bool keepOnly(bool (*keep)(Key));

    /// Sees to it that nothing is left in the sector that does not count.
    void eraseSpare();

  private:
    struct Record {
        uint32_t offset = 0;
        Key key;
        uint16_t valueSize = 0;
    };

    bool readSectorHeader(uint32_t sector, uint32_t& generation);
    bool writeSectorHeader(uint32_t sector, uint32_t generation);
    bool findEnd();
    bool isErased(uint32_t sector, uint32_t from);
    /// The record at `offset`; false at the end of the log and for a torn record.
    bool readRecord(uint32_t offset, Record& out);
    bool findLast(Key key, uint32_t from, Record& out);
    /// Writes at most a chunk and reads it back.
    bool writeChecked(uint32_t offset, const void* bytes, uint32_t size);
    /// Where a value comes from: bytes, or without them another record of the active sector.
    struct Source {
        Text bytes;
        uint32_t offset = 0;
        uint32_t size = 0;

        Source(Text text) : bytes(text), size(static_cast<uint32_t>(text.size)) {}
        explicit Source(const Record& record) : offset(record.offset + 4), size(record.valueSize) {}
    };

    bool readPart(const Source& source, uint32_t at, void* out, uint32_t size);
    /// Makes room for a value of `valueSize`, in another sector if need be.
    bool makeRoom(uint32_t valueSize);
    bool append(uint32_t offset, Key key, const Source& value);
    /// Writes a record of the active sector to another one.
    bool copy(const Record& record, uint32_t sector, uint32_t offset);
    /// Goes on in the other sector, with the records that `keep` names, or all.
    bool rotate(bool (*keep)(Key) = nullptr);
    uint32_t base(uint32_t sector) const { return sector * Flash::kSectorSize; }

    Flash& flash_;
    uint32_t active_ = 0;
    uint32_t generation_ = 0;
    /// Offset within the active sector where the next record goes.
    uint32_t end_ = 0;
    /// Something that is no whole record lies at `end_`: nothing can be appended here any more.
    bool torn_ = false;
};

}  // namespace gatehouse
