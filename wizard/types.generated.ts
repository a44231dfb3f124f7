// Made of the files *.schema.json beside this one by `npm run wizard:types`. Change those instead.

export type StageNumber = 1 | 2 | 3 | 4 | 5 | 6;

export type StageKey = keyof WizardState;

/**
 * The state of a session as a client writes it. A state that you read may hold anything: users also save answers that are incomplete or wrong.
 */
export interface WizardState {
  /**
   * What the event is, and who invites to it.
   */
  basics?: {
    /**
     * What the event is called, in at most 150 characters.
     */
    title?: string;
    /**
     * Where people look for an event like this one.
     */
    category?:
      | "music"
      | "arts"
      | "film"
      | "food_and_drink"
      | "sports"
      | "health"
      | "science_and_technology"
      | "business"
      | "education"
      | "community"
      | "charity"
      | "family"
      | "travel_and_outdoors"
      | "hobbies"
      | "other";
    /**
     * One sentence for lists and search results, in at most 140 characters.
     */
    summary?: string;
    /**
     * The person or organization that invites.
     */
    organizerName?: string;
    /**
     * Where we reach you about this event. It is not shown on the event's page.
     */
    organizerEmail?: string;
  };
  /**
   * When the event takes place.
   */
  schedule?: {
    /**
     * The zone of the place where the event happens. Its times are shown in this zone.
     */
    timezone?: string;
    /**
     * When the event begins.
     */
    startsAt?: string;
    /**
     * When the event is over. It has to be after the start.
     */
    endsAt?: string;
    /**
     * From when on people are let in. Leave it out if that is when the event starts.
     */
    doorsAt?: string;
  };
  /**
   * Where people meet.
   */
  location?: {
    /**
     * Whether people come to a place, take part from home, or may choose.
     */
    mode?: "venue" | "online" | "hybrid";
    /**
     * What the place is called.
     */
    venueName?: string;
    /**
     * Street and number.
     */
    address?: string;
    /**
     * The city, town or village.
     */
    city?: string;
    /**
     * The state, province or county, where addresses name one.
     */
    region?: string;
    /**
     * As it is written on a letter.
     */
    postalCode?: string;
    /**
     * The country that the venue is in.
     */
    country?: string;
    /**
     * Where people take part. Only those who have a ticket get to see it.
     */
    joinUrl?: string;
  };
  /**
   * What people need to get in, and what it costs.
   */
  tickets?: {
    /**
     * In which all prices are, also if there are only free tickets so far.
     */
    currency?: string;
    /**
     * The kinds of tickets that people choose from. There has to be at least one.
     */
    tickets?: {
      /**
       * A kind of ticket.
       */
      [k: string]: {
        /**
         * What this kind of ticket is called, such as “Early bird”.
         */
        name?: string;
        /**
         * Whether it costs anything.
         */
        kind?: "free" | "paid" | "donation";
        /**
         * In the smallest unit of the currency: 1250 stands for 12.50 EUR.
         */
        priceMinor?: number;
        /**
         * How many of them there are.
         */
        quantity?: number;
        /**
         * How many of them one person can order at a time. Leave it out if it does not matter.
         */
        maxPerOrder?: number;
        /**
         * From when on it can be ordered. Leave it out for: as soon as the event is published.
         */
        salesStart?: string;
        /**
         * Until when it can be ordered. Leave it out for: until the event is over.
         */
        salesEnd?: string;
      };
    };
  };
  /**
   * What people see when they open the event.
   */
  page?: {
    /**
     * Everything that people should know before they come, in at most 50,000 characters.
     */
    description?: string;
    /**
     * The last part of the page's web address: 3 to 60 small letters (a to z), digits and hyphens.
     */
    slug?: string;
    /**
     * The web address of a picture to show on top of the page.
     */
    coverImageUrl?: string;
    /**
     * What the picture shows, for people who can't see it.
     */
    coverImageAlt?: string;
    /**
     * Of buttons and links, as # and six hexadecimal digits.
     */
    accent?: string;
    /**
     * Where people write to when they have questions. It is shown on the page.
     */
    supportEmail?: string;
  };
  /**
   * Who gets to see the event, and from when on.
   */
  publish?: {
    /**
     * Who can open the event's page.
     */
    visibility?: "public" | "unlisted" | "private";
    /**
     * From when on the page can be seen. Leave it out to publish now.
     */
    publishAt?: string;
    /**
     * Until when people get their money back.
     */
    refundPolicy?: "none" | "until_1_day_before" | "until_7_days_before" | "until_30_days_before" | "case_by_case";
    /**
     * You have read the terms for organizers and agree with them.
     */
    acceptTerms?: true;
  };
}
