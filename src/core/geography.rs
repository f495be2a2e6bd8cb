//! Distances, and what light needs for them: the one bound on latency that nobody can tune away.

use std::time::Duration;

use super::region::RegionId;

/// Mean radius of the Earth (IUGG), in kilometres.
const EARTH_RADIUS_KM: f64 = 6371.0088;
const LIGHT_KM_PER_S: f64 = 299_792.458;
/// Group index of single-mode fibre (ITU-T G.652) at 1550 nm.
const FIBRE_INDEX: f64 = 1.468;

/// AWS does not publish its sites; a city stands for each. Fifty kilometres are half a millisecond
/// of round trip.
pub const FLOOR_TOLERANCE: Duration = Duration::from_micros(500);

/// A host whose round trip to a Region's endpoint is longer is not in that Region.
///
/// AWS: the Availability Zones of a Region lie within 100 km of each other, which is 1 ms there and
/// back in fibre. Melbourne, the Region nearest to Sydney, cannot be reached from there in less than 7 ms.
pub const SAME_REGION: Duration = Duration::from_millis(5);

/// Great-circle distance between two Regions, in kilometres (haversine).
pub fn distance_km(from: RegionId, to: RegionId) -> f64 {
    let ((lat1, lon1), (lat2, lon2)) = (from.coordinates(), to.coordinates());
    let half_chord = |a: f64, b: f64| ((b - a).to_radians() / 2.0).sin().powi(2);
    let h = half_chord(lat1, lat2) + lat1.to_radians().cos() * lat2.to_radians().cos() * half_chord(lon1, lon2);
    2.0 * EARTH_RADIUS_KM * h.sqrt().asin()
}

/// The shortest round trip through fibre laid along the great circle. Real cables are longer.
pub fn fibre_floor(from: RegionId, to: RegionId) -> Duration {
    Duration::from_secs_f64(2.0 * distance_km(from, to) * FIBRE_INDEX / LIGHT_KM_PER_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked out by hand from the same coordinates: kilometres, and milliseconds of round trip.
    #[test]
    fn distances_and_floors_from_sydney() {
        for (code, km, ms) in [
            ("ap-southeast-2", 0.0, 0.0),
            ("ap-southeast-4", 713.0, 7.0),
            ("ap-southeast-6", 2_156.0, 21.1),
            ("ap-southeast-1", 6_306.0, 61.8),
            ("ap-northeast-1", 7_826.0, 76.6),
            ("us-west-2", 12_564.0, 123.1),
            ("us-east-1", 15_674.0, 153.5),
            ("eu-west-1", 17_214.0, 168.6),
        ] {
            let region = code.parse().unwrap();
            let distance = distance_km(RegionId::SYDNEY, region);
            assert!((distance - km).abs() < 1.0, "{code}: {distance} km");
            let floor = fibre_floor(RegionId::SYDNEY, region).as_secs_f64() * 1e3;
            assert!((floor - ms).abs() < 0.06, "{code}: {floor} ms");
            assert_eq!(fibre_floor(region, RegionId::SYDNEY), fibre_floor(RegionId::SYDNEY, region));
        }
    }
}
