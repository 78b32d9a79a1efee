//! Which parts of the data count as signed. Nothing is: the server says what a validating resolver would say.

use hickory_proto::rr::{LowerName, Name};

/// Names, with all below them, that are signed or not; of several the longest counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signed {
    zones: Vec<(LowerName, bool)>,
}

impl Signed {
    /// Everything at and below `secure` is signed, except what is at and below `insecure`.
    pub(crate) fn parse(secure: &[String], insecure: &[String]) -> Result<Self, String> {
        let read = |text: &String, signed| {
            let name =
                Name::parse(text, Some(&Name::root())).map_err(|error| format!("{text:?}: {error}"))?;
            Ok((LowerName::new(&name), signed))
        };
        let secure = secure.iter().map(|text| read(text, true));
        let zones = secure.chain(insecure.iter().map(|text| read(text, false)));
        Ok(Self { zones: zones.collect::<Result<_, String>>()? })
    }

    /// Whether all of the names are.
    pub(crate) fn covers(&self, names: &[LowerName]) -> bool {
        names.iter().all(|name| {
            let above = self.zones.iter().filter(|(zone, _)| zone.zone_of(name));
            above.max_by_key(|(zone, _)| zone.num_labels()).is_some_and(|(_, signed)| *signed)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_above_decides_and_every_name_counts() {
        let names = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let signed =
            Signed::parse(&names(&["a.example", "c.b.a.example"]), &names(&["b.a.example"])).unwrap();
        let covers = |texts: &[&str]| {
            let names = texts.iter().map(|text| LowerName::new(&Name::from_ascii(text).unwrap()));
            signed.covers(&names.collect::<Vec<_>>())
        };
        for name in ["a.example.", "X.A.Example.", "c.b.a.example.", "y.c.b.a.example."] {
            assert!(covers(&[name]), "{name}");
        }
        for name in ["example.", ".", "xa.example.", "b.a.example.", "x.b.a.example."] {
            assert!(!covers(&[name]), "{name}");
        }
        assert!(covers(&["a.example.", "c.b.a.example."]) && !covers(&["a.example.", "b.a.example."]));
        assert!(Signed::parse(&names(&["a..b"]), &[]).is_err());
    }
}
