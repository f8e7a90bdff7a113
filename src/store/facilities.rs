//! The country's districts, facilities and pharmacies: public facts, asked for by every anonymous
//! caller. A node keeps all of them in memory, and reads them again when the database says that
//! they have changed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use sqlx::PgPool;
use sqlx::postgres::PgListener;

/// A district.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct District {
    /// `western-area-urban`.
    pub id: String,
    /// Name.
    pub name: String,
    /// Region.
    pub region: String,
    /// The hospital with maternity services that serves it.
    pub referral_facility: Option<i32>,
}

/// A hospital, health centre or pharmacy.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct Facility {
    /// 1 to 99999.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Town.
    pub town: String,
    /// Id of its district.
    pub district: String,
    /// `hospital`, `chc`, `chp`, `mchp`, `clinic` or `pharmacy`.
    pub kind: String,
    /// As people say it, where one is known.
    pub phone: Option<String>,
    /// Where one is known.
    pub address: Option<String>,
    /// Open 24 hours.
    pub all_day: bool,
    /// `maternity`, `blood`, …
    pub services: Vec<String>,
}

impl Facility {
    /// Whether it is a pharmacy.
    pub fn is_pharmacy(&self) -> bool {
        self.kind == "pharmacy"
    }
}

/// The whole country as it was when last read.
#[derive(Debug, Default)]
pub struct Places {
    districts: Vec<District>,
    facilities: HashMap<i32, Facility>,
    /// Ids of a district's facilities in the order in which they are shown.
    by_district: HashMap<String, Vec<i32>>,
}

const DISTRICTS: &str = "SELECT id, name, region, referral_facility FROM district ORDER BY name, id";

const FACILITIES: &str = "
    SELECT id, name, town, district, kind, phone, address, all_day, services
    FROM facility
    WHERE status = 'listed'
    ORDER BY array_position(ARRAY['hospital', 'chc', 'clinic', 'chp', 'mchp', 'pharmacy'], kind),
             all_day DESC, name, id";

impl Places {
    async fn read(pool: &PgPool) -> Result<Self, sqlx::Error> {
        let districts = sqlx::query_as(DISTRICTS).fetch_all(pool).await?;
        let rows: Vec<Facility> = sqlx::query_as(FACILITIES).fetch_all(pool).await?;
        Ok(Self::of(districts, rows))
    }

    fn of(districts: Vec<District>, rows: Vec<Facility>) -> Self {
        let mut by_district: HashMap<String, Vec<i32>> = HashMap::new();
        for row in &rows {
            by_district.entry(row.district.clone()).or_default().push(row.id);
        }
        let facilities = rows.into_iter().map(|row| (row.id, row)).collect();
        Self { districts, facilities, by_district }
    }

    /// All districts, by name.
    pub fn districts(&self) -> &[District] {
        &self.districts
    }

    /// The district of that id.
    pub fn district(&self, id: &str) -> Option<&District> {
        self.districts.iter().find(|district| district.id == id)
    }

    /// The facility or pharmacy of that id.
    pub fn facility(&self, id: i32) -> Option<&Facility> {
        self.facilities.get(&id)
    }

    /// Its name; empty where it is not listed any more.
    pub fn facility_name(&self, id: i32) -> &str {
        self.facility(id).map_or("", |facility| &facility.name)
    }

    /// A district's facilities, hospitals first; only those with that service, where one is named.
    pub fn clinics<'places>(
        &'places self,
        district: &str,
        service: Option<&'places str>,
    ) -> impl Iterator<Item = &'places Facility> {
        self.in_district(district).filter(move |facility| {
            !facility.is_pharmacy()
                && service.is_none_or(|service| facility.services.iter().any(|offered| offered == service))
        })
    }

    /// A district's pharmacies, those open 24 hours first.
    pub fn pharmacies(&self, district: &str) -> impl Iterator<Item = &Facility> {
        self.in_district(district).filter(|facility| facility.is_pharmacy())
    }

    /// The hospital with maternity services to go to from a district: the one that is named to serve
    /// it, or else the first of its own.
    pub fn nearest(&self, district: &str) -> Option<&Facility> {
        let named = self.district(district)?.referral_facility;
        named.and_then(|id| self.facility(id)).or_else(|| {
            self.clinics(district, Some("maternity")).find(|facility| facility.kind == "hospital")
        })
    }

    fn in_district(&self, district: &str) -> impl Iterator<Item = &Facility> {
        self.by_district.get(district).into_iter().flatten().filter_map(|id| self.facilities.get(id))
    }
}

/// The country, shared by all turns of a node.
#[derive(Clone, Debug)]
pub struct Directory(Arc<ArcSwap<Places>>);

/// Read again after this long, whether or not the database said anything.
const STALE: Duration = Duration::from_mins(1);

/// After a failure, wait this long.
const RETRY: Duration = Duration::from_secs(2);

impl Directory {
    /// Reads the places.
    pub async fn open(pool: &PgPool) -> Result<Self, sqlx::Error> {
        Ok(Self(Arc::new(ArcSwap::from_pointee(Places::read(pool).await?))))
    }

    /// The country as last read.
    pub fn places(&self) -> Arc<Places> {
        self.0.load_full()
    }

    /// Reads the country again now.
    pub async fn refresh(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        self.0.store(Arc::new(Places::read(pool).await?));
        Ok(())
    }

    /// Keeps it fresh, for as long as it is polled: reads again when the database says so, and now
    /// and then. While the database is away, what was last read stands.
    pub async fn keep_fresh(self, pool: PgPool) {
        loop {
            if let Err(error) = self.listen(&pool).await {
                tracing::warn!(%error, "the directory is not being kept fresh; trying again");
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn listen(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen("directory").await?;
        loop {
            self.refresh(pool).await?;
            if let Ok(told) = tokio::time::timeout(STALE, listener.recv()).await {
                told?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn district(id: &str, referral_facility: Option<i32>) -> District {
        District { id: id.to_owned(), name: id.to_owned(), region: "North".to_owned(), referral_facility }
    }

    fn facility(id: i32, district: &str, kind: &str, services: &[&str]) -> Facility {
        Facility {
            id,
            name: format!("Facility {id}"),
            town: "Town".to_owned(),
            district: district.to_owned(),
            kind: kind.to_owned(),
            phone: None,
            address: None,
            all_day: false,
            services: services.iter().map(|&service| service.to_owned()).collect(),
        }
    }

    fn ids<'places>(facilities: impl Iterator<Item = &'places Facility>) -> Vec<i32> {
        facilities.map(|facility| facility.id).collect()
    }

    #[test]
    fn a_district_without_a_hospital_is_served_by_the_one_named() {
        let places = Places::of(
            vec![district("falaba", Some(1)), district("koinadugu", None), district("bonthe", Some(9))],
            vec![
                facility(1, "koinadugu", "hospital", &["maternity", "blood"]),
                facility(2, "koinadugu", "chc", &["maternity"]),
                facility(3, "koinadugu", "pharmacy", &[]),
                facility(4, "bonthe", "chc", &["maternity"]),
            ],
        );
        assert_eq!(places.nearest("falaba").map(|facility| facility.id), Some(1));
        assert_eq!(places.nearest("koinadugu").map(|facility| facility.id), Some(1));
        assert_eq!(places.nearest("bonthe"), None, "it names one that is not listed");
        assert_eq!(places.nearest("atlantis"), None);
        assert_eq!(ids(places.clinics("koinadugu", None)), [1, 2]);
        assert_eq!(ids(places.clinics("koinadugu", Some("blood"))), [1]);
        assert_eq!(ids(places.pharmacies("koinadugu")), [3]);
    }
}
