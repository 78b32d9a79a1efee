//! What the fuzz targets share: cutting bytes into pieces.

/// Cuts bytes into pieces that look random and depend on nothing but the seed.
#[derive(Debug, Clone)]
pub struct Cutter(u32);

impl Cutter {
    /// The cutter of a seed.
    pub fn new(seed: u8) -> Self {
        Self(u32::from(seed))
    }

    /// The length of the next piece; most are short.
    pub fn cut(&mut self) -> usize {
        // Any odd sequence will do: the constants are those of ANSI C.
        self.0 = self.0.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        let random = self.0 >> 16;
        let most = 1 << (random & 7);
        1 + ((random >> 3) % most) as usize
    }
}
