//! Reads the few tables of an ONNX Runtime file that hold weights and their names.
//!
//! Field numbers are those of ONNX Runtime's `ort.fbs`. Every access is checked: a damaged file
//! gives `None`, never a panic.

/// A table of a flatbuffer: its bytes and where it lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Table<'a> {
    /// The root table of a file.
    pub(crate) fn root(bytes: &'a [u8]) -> Option<Self> {
        Some(Self { bytes, at: u32_at(bytes, 0)? })
    }

    /// Where a field lies, if the table has it.
    fn field(&self, number: usize) -> Option<usize> {
        let offset = i32::from_le_bytes(array(self.bytes, self.at)?);
        let vtable = self.at.checked_add_signed(-(offset as isize))?;
        let entry = 4 + 2 * number;
        let size = usize::from(u16::from_le_bytes(array(self.bytes, vtable)?));
        if entry + 2 > size {
            return None;
        }
        match u16::from_le_bytes(array(self.bytes, vtable + entry)?) {
            0 => None,
            offset => Some(self.at + usize::from(offset)),
        }
    }

    fn follow(&self, number: usize) -> Option<usize> {
        let at = self.field(number)?;
        at.checked_add(u32_at(self.bytes, at)?)
    }

    pub(crate) fn i32(&self, number: usize) -> Option<i32> {
        Some(i32::from_le_bytes(array(self.bytes, self.field(number)?)?))
    }

    pub(crate) fn table(&self, number: usize) -> Option<Self> {
        Some(Self { bytes: self.bytes, at: self.follow(number)? })
    }

    pub(crate) fn string(&self, number: usize) -> Option<&'a str> {
        text(self.bytes, self.follow(number)?)
    }

    pub(crate) fn data(&self, number: usize) -> Option<&'a [u8]> {
        let at = self.follow(number)?;
        let len = u32_at(self.bytes, at)?;
        self.bytes.get(at + 4..(at + 4).checked_add(len)?)
    }

    /// A vector of 64-bit numbers.
    pub(crate) fn numbers(&self, number: usize) -> Option<Vec<i64>> {
        let at = self.follow(number)?;
        let len = u32_at(self.bytes, at)?;
        let data = self.bytes.get(at + 4..at.checked_add(4 + len.checked_mul(8)?)?)?;
        data.chunks_exact(8).map(|c| Some(i64::from_le_bytes(c.try_into().ok()?))).collect()
    }

    /// Positions of a vector's elements, which are offsets.
    fn elements(&self, number: usize) -> impl Iterator<Item = usize> + use<'a> {
        let (bytes, at) = (self.bytes, self.follow(number));
        let len = at.and_then(|at| u32_at(bytes, at)).unwrap_or(0).min(bytes.len() / 4);
        (0..len).filter_map(move |i| {
            let slot = at? + 4 + 4 * i;
            slot.checked_add(u32_at(bytes, slot)?)
        })
    }

    pub(crate) fn tables(&self, number: usize) -> impl Iterator<Item = Self> + use<'a> {
        let bytes = self.bytes;
        self.elements(number).map(move |at| Self { bytes, at })
    }

    pub(crate) fn strings(&self, number: usize) -> impl Iterator<Item = &'a str> + use<'a> {
        let bytes = self.bytes;
        self.elements(number).filter_map(move |at| text(bytes, at))
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(array(bytes, at)?)).ok()
}

fn text(bytes: &[u8], at: usize) -> Option<&str> {
    let len = u32_at(bytes, at)?;
    std::str::from_utf8(bytes.get(at + 4..(at + 4).checked_add(len)?)?).ok()
}
