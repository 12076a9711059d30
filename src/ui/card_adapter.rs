//! The caller card: [`CallerCard`] → `CardData`, and the client's photo.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::Cursor;
use std::rc::Rc;

use jiff::tz::TimeZone;
use ringbook_ui::slint::{Image, Model, ModelRc, Rgba8Pixel, SharedPixelBuffer, SharedString};
use ringbook_ui::{CardBlock, CardData, OrderLine as OrderData, OtherClient as OtherData};

use super::asking;
use super::card_blocks::{beginning, in_header, map_blocks, shown};
use super::link::PhoneLink;
use super::text;
use crate::model::{Block, CallerCard, Direction, OrderLine, OtherClient, PhotoId};
use crate::tr;

/// The side of a photo as it is kept for drawing; the store keeps the original.
const PHOTO_SIDE: u32 = 352;
/// A picture whose pixels would take more than this is not drawn.
const MAX_PICTURE: u64 = 256 << 20;
/// Photos kept for the next calls of the same clients.
const PHOTOS: usize = 32;

/// The card, ready to be shown, without its photo.
pub fn map_card(card: &CallerCard, zone: &TimeZone) -> CardData {
    let known = card.known;
    let category = card.category.as_ref().filter(|_| known);
    let orders: Vec<OrderData> = shown(&card.orders).iter().map(map_order).collect();
    let others: Vec<OtherData> = card.others.iter().map(map_other).collect();
    let header = &card.blocks[..in_header(&card.blocks)];
    let place = known && header.contains(&Block::Location);
    let (note, note_cut) = beginning(&card.note);
    CardData {
        call: card.call.to_string().into(),
        company: text::line(&card.company),
        incoming: card.direction == Direction::Incoming,
        when: text::moment(card.at, zone),
        known,
        hidden: card.hidden,
        name: if known {
            text::line(&card.name)
        } else {
            SharedString::new()
        },
        firm: text::line(&card.client_company),
        place: if place {
            text::line(&card.location)
        } else {
            SharedString::new()
        },
        local_time: card
            .local_time
            .as_deref()
            .filter(|_| place)
            .unwrap_or_default()
            .into(),
        number: text::line(&card.number_display),
        number_plain: card
            .number
            .map(|number| number.e164().into())
            .unwrap_or_default(),
        trusted: false,
        note: text::lines(&note),
        note_cut,
        note_unread: card.about.note_must_acknowledge && card.note_read_at.is_none(),
        note_read: card
            .note_read_at
            .map(|at| tr!("Read at {time}", time = text::time(at, zone)).into())
            .unwrap_or_default(),
        greeting: text::line(&card.about.greeting),
        category: category.map(|c| c.id.as_str().into()).unwrap_or_default(),
        category_name: category.map(|c| text::line(&c.name)).unwrap_or_default(),
        initials: if known {
            text::initials(&card.name)
        } else {
            SharedString::new()
        },
        photo: Image::default(),
        photo_slot: header.contains(&Block::Photo),
        orders: ModelRc::from(orders.as_slice()),
        others: ModelRc::from(others.as_slice()),
        blocks: ModelRc::from(map_blocks(card, zone).as_slice()),
        employee: text::line(format!("{} {}", card.extension, card.employee).trim()),
        diverted_by: text::line(&card.diverted_by),
    }
}

/// Another client with the same number.
fn map_other(other: &OtherClient) -> OtherData {
    OtherData {
        id: other.id.to_string().into(),
        name: text::line(&other.name),
        firm: text::line(&other.company),
        category: other.category.id.as_str().into(),
        category_name: text::line(&other.category.name),
    }
}

/// The photo that the card shows; none where the office wants no photos on it.
pub fn photo_of(card: &CallerCard) -> Option<PhotoId> {
    let photo = card.photo.as_ref().map(|photo| photo.id);
    photo.filter(|_| card.blocks.contains(&Block::Photo))
}

/// Whether two cards show the same.
pub fn same_card(a: &CardData, b: &CardData) -> bool {
    // Models are equal only to themselves, and no image is not even that.
    let image = Image::from_rgba8(SharedPixelBuffer::new(1, 1));
    let plain = |card: &CardData| CardData {
        photo: image.clone(),
        orders: ModelRc::default(),
        others: ModelRc::default(),
        blocks: ModelRc::default(),
        ..card.clone()
    };
    let plain_block = |block: &CardBlock| CardBlock {
        lines: ModelRc::default(),
        ..block.clone()
    };
    let same_block = |(a, b): (CardBlock, CardBlock)| {
        plain_block(&a) == plain_block(&b) && a.lines.iter().eq(b.lines.iter())
    };
    let no_photo = |card: &CardData| card.photo.size().width == 0;
    plain(a) == plain(b)
        && (a.photo == b.photo || (no_photo(a) && no_photo(b)))
        && a.orders.iter().eq(b.orders.iter())
        && a.others.iter().eq(b.others.iter())
        && a.blocks.row_count() == b.blocks.row_count()
        && a.blocks.iter().zip(b.blocks.iter()).all(same_block)
}

/// An open order, ready to be shown.
pub fn map_order(order: &OrderLine) -> OrderData {
    OrderData {
        number: text::line(&order.number),
        stage: text::line(&order.stage),
        responsible: text::line(&order.responsible),
        due: order
            .due
            .map(|due| due.strftime("%d.%m.%Y").to_string().into())
            .unwrap_or_default(),
        debt: order
            .debt
            .as_ref()
            .map(|debt| debt.to_string().into())
            .unwrap_or_default(),
        overdue_days: order
            .overdue_days
            .and_then(|days| i32::try_from(days).ok())
            .unwrap_or(0),
    }
}

/// The photos of the latest clients, decoded.
#[derive(Default)]
pub struct Photos {
    kept: RefCell<VecDeque<(PhotoId, Image)>>,
}

impl Photos {
    /// The photo, where it is here already.
    pub fn known(&self, id: PhotoId) -> Option<Image> {
        let kept = self.kept.borrow();
        kept.iter()
            .find(|(known, _)| *known == id)
            .map(|(_, image)| image.clone())
    }

    /// The photo: from here, or read and decoded on the store's thread. None where it cannot be drawn.
    pub async fn load(&self, phone: &Rc<dyn PhoneLink>, id: PhotoId) -> Option<Image> {
        if let Some(image) = self.known(id) {
            return Some(image);
        }
        let pixels = asking::read(phone, move |store| {
            Ok(store
                .load_photo(id)
                .ok()
                .and_then(|photo| decode(&photo.bytes)))
        });
        let image = Image::from_rgba8(pixels.await.ok().flatten()?);
        let mut kept = self.kept.borrow_mut();
        kept.push_back((id, image.clone()));
        if kept.len() > PHOTOS {
            kept.pop_front();
        }
        Some(image)
    }
}

/// A PNG or JPEG file as pixels, no larger than a card needs.
fn decode(file: &[u8]) -> Option<SharedPixelBuffer<Rgba8Pixel>> {
    let picture = read_picture(file)?;
    let picture = if picture.width().min(picture.height()) > PHOTO_SIDE {
        let filter = image::imageops::FilterType::Triangle;
        picture.resize_to_fill(PHOTO_SIDE, PHOTO_SIDE, filter)
    } else {
        picture
    };
    Some(pixels(picture))
}

/// A PNG or JPEG file as pixels, every one of them.
pub fn decode_whole(file: &[u8]) -> Option<SharedPixelBuffer<Rgba8Pixel>> {
    read_picture(file).map(pixels)
}

fn read_picture(file: &[u8]) -> Option<image::DynamicImage> {
    let mut reader = image::ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .ok()?;
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(MAX_PICTURE);
    reader.limits(limits);
    reader.decode().ok()
}

fn pixels(picture: image::DynamicImage) -> SharedPixelBuffer<Rgba8Pixel> {
    let pixels = picture.into_rgba8();
    SharedPixelBuffer::clone_from_slice(pixels.as_raw(), pixels.width(), pixels.height())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_22_cards_are_the_same_without_a_photo_and_others_with_one() {
        let card = CardData {
            name: "Ivan".into(),
            ..CardData::default()
        };
        assert!(same_card(&card, &card.clone()));
        let photo = Image::from_rgba8(SharedPixelBuffer::new(2, 2));
        let with_photo = CardData {
            photo,
            ..card.clone()
        };
        assert!(same_card(&with_photo, &with_photo.clone()));
        assert!(!same_card(&card, &with_photo));
        let other = CardData {
            name: "Olga".into(),
            ..card.clone()
        };
        assert!(!same_card(&card, &other));
    }
}
